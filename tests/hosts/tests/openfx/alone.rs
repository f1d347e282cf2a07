//! Tests with the host in the test's process. The effect is loaded into it and takes the daemon's socket from the environment, so each test runs itself
//! again in a process with the environment of its own folder.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::places;
use dedit_host_tests::process::run;
use ofx_test_host::{
    ClipImage, Components, Connection, Context, ContextDescribed, Depth, Host, HostSettings, Instance, InstanceSettings, Library, RectI,
    RenderRequest, Rendered, rect, status,
};

use crate::scene::{learned, test_folder};

pub(crate) const EFFECT: &str = "org.dedit.DEdit";
/// Environment variables with the folder and the session for the second process.
const FOLDER: &str = "DEDIT_TEST_FOLDER";
const SESSION: &str = "DEDIT_TEST_SESSION";

/// The daemon behind the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A daemon with a session of the table whose mug and duck are learned a little.
    Learned,
    /// A daemon without sessions.
    Empty,
    /// None, and no program to start one.
    Nothing,
}

/// The folder of a test, in the second process.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) session: String,
}

impl Place {
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The daemon's log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("data/deditd.log")).unwrap()
    }

    /// The number of finished jobs of a kind in the log.
    pub(crate) fn jobs(&self, kind: &str) -> usize {
        self.log().lines().filter(|line| line.contains(&format!("\"{kind} ")) && line.contains(" done ")).count()
    }
}

/// Runs `prepare` in this process, then `body` in another one. `test` is the path of the calling test.
pub(crate) fn alone(test: &str, behind: Behind, prepare: impl FnOnce(&Daemon<'_>, &str), body: impl FnOnce(&Place)) {
    if let Some(folder) = env::var_os(FOLDER) {
        body(&Place { folder: folder.into(), session: env::var(SESSION).unwrap() });
        return;
    }
    let test_folder = test_folder();
    let daemon = (behind != Behind::Nothing).then(|| Daemon::start(&test_folder).unwrap());
    let session = daemon.as_ref().filter(|_| behind == Behind::Learned).map(learned).unwrap_or_default();
    if let Some(daemon) = &daemon {
        prepare(daemon, &session);
    }
    let mut command = Command::new(env::current_exe().unwrap());
    let path = test.split_once("::").map_or(test, |(_, path)| path);
    command.args([path, "--exact", "--nocapture", "--test-threads=1"]).envs(test_folder.environment());
    command.env(FOLDER, test_folder.outside("")).env(SESSION, &session).env("DEDIT_DAEMON", "/nowhere/dedit");
    let output = run(&mut command, Duration::from_secs(280)).unwrap();
    println!("{}{}", output.stdout, output.stderr);
    assert!(output.succeeded() && output.stdout.contains("1 passed"), "{path} in a process of its own");
}

/// The effect, loaded for a host.
pub(crate) struct Loaded {
    pub(crate) host: Host,
    pub(crate) connection: Connection,
}

impl Loaded {
    pub(crate) fn new(settings: HostSettings) -> Self {
        let host = Host::new(settings);
        let connection = library().connect(&host).unwrap();
        assert!(connection.loaded().iter().all(|loaded| *loaded == status::OK), "{:?}", connection.loaded());
        Self { host, connection }
    }

    pub(crate) fn described(&self, context: Context) -> ContextDescribed {
        let described = self.connection.effect(EFFECT).unwrap().describe().unwrap();
        assert_eq!((described.outcome.status, &described.outcome.complaints[..]), (status::OK, &[][..]));
        let described = described.describe_in_context(context).unwrap();
        assert_eq!((described.outcome.status, &described.outcome.complaints[..]), (status::OK, &[][..]));
        described
    }

    /// An instance with a project of the table's size.
    pub(crate) fn instance(&self, context: Context) -> Instance {
        let settings = InstanceSettings { project_size: [128.0, 128.0], ..InstanceSettings::default() };
        Instance::create(&self.described(context), &settings).unwrap()
    }
}

/// The built bundle.
pub(crate) fn library() -> Library {
    Library::load(&places::effects().unwrap().join(places::BUNDLE)).unwrap()
}

/// The rectangle of the table.
pub(crate) const WHOLE: RectI = RectI { x1: 0, y1: 0, x2: 128, y2: 128 };

/// A picture file as a clip's image, values unconverted.
pub(crate) fn image(file: &Path, depth: Depth, components: Components) -> ClipImage {
    image_at(file, depth, components, 0, 0)
}

/// The same with another lower left corner.
pub(crate) fn image_at(file: &Path, depth: Depth, components: Components, left: i32, low: i32) -> ClipImage {
    let picture = image::open(file).unwrap().into_rgba32f();
    let (width, height) = (picture.width() as i32, picture.height() as i32);
    ClipImage::from_fn(rect(left, low, left + width, low + height), depth, components, |x, y| {
        let pixel = picture.get_pixel((x - left) as u32, (low + height - 1 - y) as u32).0;
        // Alpha alone gets the red channel.
        if components == Components::Alpha { [pixel[0]; 4] } else { pixel }
    })
}

/// Renders a frame without complaints.
pub(crate) fn rendered(instance: &Instance, request: &RenderRequest) -> Rendered {
    let rendered = instance.render(request).unwrap();
    assert_eq!(rendered.outcome.complaints, [""; 0]);
    rendered
}

/// Renders a frame successfully.
pub(crate) fn made(instance: &Instance, request: &RenderRequest) -> ClipImage {
    let rendered = rendered(instance, request);
    assert_eq!(rendered.outcome.status, status::OK, "{:?}", rendered.outcome.messages);
    rendered.output
}

/// Pixels that differ.
pub(crate) fn differing(one: &ClipImage, other: &ClipImage) -> Vec<(i32, i32)> {
    let bounds = one.bounds;
    let places = (bounds.y1..bounds.y2).flat_map(|y| (bounds.x1..bounds.x2).map(move |x| (x, y)));
    places.filter(|(x, y)| one.bytes_at(*x, *y) != other.bytes_at(*x, *y)).collect()
}
