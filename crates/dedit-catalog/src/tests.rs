//! Folders laid out as each program does are found; broken ones are named broken.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::known;
use crate::samples::{self, Tensors};
use crate::{Family, Found, Kind, Library, Program, Surroundings, Usual, Verified};

/// A user's folder with nothing in it.
struct User {
    folder: TempDir,
}

impl User {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn weights(&self, path: &str, tensors: Tensors<'_>) -> PathBuf {
        self.write(path, samples::file(tensors))
    }

    /// A folder in the layout of diffusers.
    fn pipeline(&self, path: &str, tensors: Tensors<'_>) {
        let index = r#"{"_class_name":"X","unet":["diffusers","UNet"],"vae":["diffusers","Vae"],"safety_checker":[null,null]}"#;
        self.write(&format!("{path}/model_index.json"), index);
        self.weights(&format!("{path}/unet/diffusion_pytorch_model.safetensors"), tensors);
        self.weights(&format!("{path}/vae/diffusion_pytorch_model.safetensors"), samples::VAE);
    }

    fn around(&self, variables: &[(&str, &str)]) -> Surroundings {
        let variables = variables.iter().map(|(name, path)| ((*name).to_owned(), self.path(path).into_os_string()));
        Surroundings {
            home: self.folder.path().to_path_buf(),
            programs: vec![self.path(".config"), self.path(".local/share")],
            variables: variables.collect(),
        }
    }

    fn library(&self) -> Library {
        Library::with(&self.path("data"), self.around(&[]))
    }
}

fn line(found: &Found) -> String {
    let family = found.family.map_or("-", Family::as_str);
    format!("{} {} {family} {}", found.program, found.kind, found.name)
}

/// What lies where, and what is found of it.
struct Case {
    about: &'static str,
    lay: fn(&User),
    variables: &'static [(&'static str, &'static str)],
    expected: &'static [&'static str],
}

fn of_comfy() -> Vec<Case> {
    vec![
        Case {
            about: "ComfyUI in the user's folder, models in folders of their own",
            lay: |user| {
                user.weights("ComfyUI/models/checkpoints/xl/own.safetensors", samples::SDXL);
                user.weights("ComfyUI/models/loras/style.safetensors", samples::LORA);
                user.weights("ComfyUI/models/vae/ae.safetensors", samples::VAE);
                user.weights("ComfyUI/models/embeddings/word.safetensors", samples::EMBEDDING);
                user.weights("ComfyUI/models/checkpoints/other.safetensors", &[("double_blocks.0.weight", &[1])]);
                user.pipeline("ComfyUI/models/diffusers/folder", samples::UNET_SD1);
            },
            variables: &[],
            expected: &[
                "ComfyUI checkpoint sdxl own",
                "ComfyUI checkpoint sd1 folder",
                "ComfyUI lora sd1 style",
                "ComfyUI vae - ae",
                "ComfyUI embedding sd1 word",
            ],
        },
        Case {
            about: "ComfyUI elsewhere, with other folders in its settings",
            lay: |user| {
                user.write(
                    "opt/comfy/extra_model_paths.yaml",
                    "# comment\na111:\n    base_path: ~/big\n    checkpoints: sd\n    loras: |\n        lora one\n        lora2\ncomfyui:\n    is_default: true\n    vae: rel/vae\n",
                );
                user.weights("big/sd/a.safetensors", samples::SD1);
                user.weights("big/lora one/b.safetensors", samples::LORA);
                user.weights("big/lora2/c.safetensors", samples::LORA);
                user.weights("opt/comfy/rel/vae/d.safetensors", samples::VAE);
            },
            variables: &[("COMFYUI_PATH", "opt/comfy")],
            expected: &["ComfyUI checkpoint sd1 a", "ComfyUI lora sd1 b", "ComfyUI lora sd1 c", "ComfyUI vae - d"],
        },
        Case {
            about: "ComfyUI's desktop program",
            lay: |user| {
                let base = user.path("elsewhere");
                user.write(
                    ".config/ComfyUI/extra_models_config.yaml",
                    format!("comfyui_desktop:\n  base_path: {}\n  checkpoints: models/checkpoints/\n", base.display()),
                );
                user.weights("elsewhere/models/checkpoints/a.safetensors", samples::SD1_INPAINTING);
            },
            variables: &[],
            expected: &["ComfyUI checkpoint sd1 a"],
        },
    ]
}

fn of_others() -> Vec<Case> {
    vec![
        Case {
            about: "AUTOMATIC1111 and Forge",
            lay: |user| {
                user.weights("stable-diffusion-webui/models/Stable-diffusion/a.safetensors", samples::SD1);
                user.weights("stable-diffusion-webui/embeddings/e.safetensors", samples::EMBEDDING);
                user.write("stable-diffusion-webui/models/Stable-diffusion/old.ckpt", "no archive");
                user.weights("stable-diffusion-webui-forge/models/Lora/l.safetensors", samples::LORA);
            },
            variables: &[],
            expected: &[
                "AUTOMATIC1111/Forge checkpoint sd1 a",
                "AUTOMATIC1111/Forge checkpoint - old",
                "AUTOMATIC1111/Forge embedding sd1 e",
                "AUTOMATIC1111/Forge lora sd1 l",
            ],
        },
        Case {
            about: "InvokeAI with its models elsewhere",
            lay: |user| {
                user.write("invoke/invokeai.yaml", "schema_version: 4.0.2\nmodels_dir: ../store\n");
                user.weights("store/sd-1/main/a.safetensors", samples::SD1);
                user.weights("store/0f3c/l.safetensors", samples::LORA);
            },
            variables: &[("INVOKEAI_ROOT", "invoke")],
            expected: &["InvokeAI lora sd1 l", "InvokeAI checkpoint sd1 a"],
        },
        Case {
            about: "krita-ai-diffusion's server",
            lay: |user| {
                user.weights(".local/share/krita/ai_diffusion/server/ComfyUI/models/checkpoints/a.safetensors", samples::SD1);
            },
            variables: &[],
            expected: &["krita-ai-diffusion checkpoint sd1 a"],
        },
        Case {
            about: "the Hugging Face cache",
            lay: |user| {
                let hub = ".cache/huggingface/hub";
                user.pipeline(&format!("{hub}/models--org--pipe/snapshots/c1"), samples::UNET_SD1);
                user.pipeline(&format!("{hub}/models--org--two/snapshots/old"), samples::UNET_SD1);
                user.pipeline(&format!("{hub}/models--org--two/snapshots/new"), samples::UNET_SD1);
                user.write(&format!("{hub}/models--org--two/refs/main"), "old\n");
                user.weights(&format!("{hub}/models--org--lora/snapshots/c/pytorch_lora_weights.safetensors"), samples::LORA);
                user.weights(&format!("{hub}/models--org--llm/snapshots/c/model.safetensors"), &[("model.layers.0.weight", &[1])]);
            },
            variables: &[],
            expected: &[
                "Hugging Face cache lora sd1 lora",
                "Hugging Face cache checkpoint sd1 pipe",
                "Hugging Face cache checkpoint sd1 two",
            ],
        },
        Case {
            about: "the Hugging Face cache elsewhere",
            lay: |user| {
                user.pipeline("hf/hub/models--org--a/snapshots/c", samples::UNET_SD1);
                user.pipeline(".cache/huggingface/hub/models--org--b/snapshots/c", samples::UNET_SD1);
            },
            variables: &[("HF_HOME", "hf")],
            expected: &["Hugging Face cache checkpoint sd1 a"],
        },
    ]
}

#[test]
fn models_of_each_program_are_found_where_they_lie() {
    for Case { about, lay, variables, expected } in of_comfy().into_iter().chain(of_others()) {
        let user = User::new();
        lay(&user);
        let found = Library::with(&user.path("data"), user.around(variables)).found();
        assert_eq!(found.iter().map(line).collect::<Vec<_>>(), expected, "{about}");
        assert!(found.iter().all(|found| found.broken.is_none() && found.path.exists() && found.bytes > 0), "{about}: {found:?}");
        assert!(!user.path("data").exists(), "{about}: looking writes nothing");
    }
}

#[test]
fn broken_ones_are_named_broken() {
    let user = User::new();
    let whole = samples::file(samples::SD1);
    user.write("ComfyUI/models/checkpoints/cut.safetensors", &whole[..whole.len() - 1]);
    user.write("ComfyUI/models/checkpoints/page.safetensors", "<html>login</html>");
    user.write("ComfyUI/models/checkpoints/half.ckpt", [b"PK\x03\x04".as_slice(), &[7; 100]].concat());
    user.write("ComfyUI/models/checkpoints/page.ckpt", "<!DOCTYPE html><html></html>");
    user.pipeline("ComfyUI/models/diffusers/lacking", samples::UNET_SD1);
    fs::remove_dir_all(user.path("ComfyUI/models/diffusers/lacking/vae")).unwrap();
    let found = user.library().found();
    for (path, expected) in [
        ("cut.safetensors", "it is cut off: "),
        ("page.safetensors", "it is a web page"),
        ("half.ckpt", "its end is missing"),
        ("page.ckpt", "it is a web page"),
        ("lacking", "vae has no .safetensors file"),
    ] {
        let model = found.iter().find(|found| found.path.file_name().unwrap() == path).unwrap_or_else(|| panic!("{path}"));
        assert!(model.broken.as_ref().is_some_and(|broken| broken.contains(expected)), "{path}: {model:?}");
        assert_eq!(user.library().usual(), Usual::None);
    }
}

#[test]
fn the_default_is_the_chosen_one_or_the_only_one() {
    let user = User::new();
    let library = user.library();
    assert_eq!(library.usual(), Usual::None);
    let one = user.weights("ComfyUI/models/checkpoints/one.safetensors", samples::SD1);
    user.weights("ComfyUI/models/loras/style.safetensors", samples::LORA);
    assert_eq!(library.usual(), Usual::OnlyOne(one.clone()));
    let two = user.weights("ComfyUI/models/checkpoints/two.safetensors", samples::SDXL);
    assert_eq!(library.usual(), Usual::None);
    library.set_default(Some("two")).unwrap();
    assert_eq!(library.usual(), Usual::Chosen(two.clone()));
    for (name, expected) in
        [("style", "no checkpoint but a file of the kind lora"), ("three", "there is no such model"), ("sd15", "is not on this machine")]
    {
        assert!(library.set_default(Some(name)).unwrap_err().message().contains(expected), "{name}");
    }
    fs::remove_file(two).unwrap();
    assert_eq!(library.usual(), Usual::Missing("two".to_owned()));
    library.set_default(None).unwrap();
    assert_eq!(library.usual(), Usual::OnlyOne(one));
}

#[test]
fn a_segment_anything_model_is_found_or_chosen() {
    let user = User::new();
    let library = user.library();
    assert_eq!(library.usual_segmentation(), None);
    // Of other kinds, or not to be told.
    user.weights("ComfyUI/models/sams/hq.safetensors", samples::SAM_HQ);
    user.write("ComfyUI/models/sams/sam2.pt", [b"PK\x03\x04".as_slice(), b"PK\x05\x06", &[0; 18]].concat());
    assert_eq!(library.usual_segmentation(), None);
    let one = user.weights("ComfyUI/models/sams/one.safetensors", samples::SAM);
    assert_eq!(library.usual_segmentation(), Some(one.clone()));
    let two = user.weights("stick/two.safetensors", samples::SAM);
    library.add(&two).unwrap();
    for (name, expected) in [("one", &one), ("two", &two)] {
        library.set_default(Some(name)).unwrap();
        assert_eq!(library.usual_segmentation().as_ref(), Some(expected), "{name}");
    }
    assert_eq!(library.usual(), Usual::None, "it is no model that makes pictures");
    fs::remove_file(&two).unwrap();
    assert_eq!(library.usual_segmentation(), Some(one), "the chosen one is gone");
    library.set_default(None).unwrap();
    assert!(!fs::read_to_string(user.path("data/models/models.json")).unwrap().contains("segmentation"));
}

#[test]
fn what_is_added_stays_where_it_lies() {
    let user = User::new();
    let library = user.library();
    let file = user.weights("stick/a.safetensors", samples::SD1);
    user.weights("disk/comfy/models/checkpoints/b.safetensors", samples::SDXL);
    assert_eq!(library.add(&file).unwrap().iter().map(line).collect::<Vec<_>>(), ["added checkpoint sd1 a"]);
    assert_eq!(library.add(&user.path("disk/comfy")).unwrap().iter().map(line).collect::<Vec<_>>(), ["ComfyUI checkpoint sdxl b"]);
    assert_eq!(library.found().iter().map(line).collect::<Vec<_>>(), ["added checkpoint sd1 a", "ComfyUI checkpoint sdxl b"]);
    assert_eq!(library.named("b").unwrap().path, user.path("disk/comfy/models/checkpoints/b.safetensors"));
    assert!(library.remove("b").unwrap_err().message().contains("kept by another program"));
    assert_eq!(library.remove("a"), Ok(0));
    assert!(file.exists());
    assert!(library.named("a").is_none());
    fs::create_dir(user.path("empty")).unwrap();
    for (path, expected) in [("empty", "there is no model here"), ("nowhere", "there is no such file")] {
        assert!(library.add(&user.path(path)).unwrap_err().message().contains(expected), "{path}");
    }
    library.add(&user.weights("stick/c.safetensors", samples::SD1)).unwrap();
    fs::remove_file(user.path("stick/c.safetensors")).unwrap();
    assert_eq!(library.named("c").unwrap().broken.as_deref(), Some("it is not there any more"));
}

#[test]
fn fetched_models_are_compared_with_their_sums() {
    let user = User::new();
    let library = user.library();
    // The table has neither size nor sum of this one.
    let known = known::named("dreamshaper8-inpainting").unwrap();
    assert!(library.present(known).is_none());
    let path = library.target(known, 0);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, samples::file(samples::SD1_INPAINTING)).unwrap();
    let found = library.present(known).unwrap();
    assert_eq!((line(&found).as_str(), found.inpainting), ("D-Edit checkpoint sd1 dreamshaper8-inpainting", true));
    let verify = || library.verify(&library.present(known).unwrap(), &mut |_| true).unwrap();
    assert_eq!(verify(), Verified::Whole);
    library.record_sum(known, 0, &crate::digest(&path, &mut |_| true).unwrap()).unwrap();
    assert_eq!(verify(), Verified::Same);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() = 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(verify(), Verified::Broken(how) if how.contains("SHA-256")));
    assert!(library.verify(&found, &mut |_| false).unwrap_err().message().contains("cancelled"));
    // Of this one the size is known.
    let other = known::named("lcm-lora-sd15").unwrap();
    let path = library.target(other, 0);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, samples::file(samples::LORA)).unwrap();
    assert!(library.present(other).unwrap().broken.unwrap().contains("in place of 134621556"));
    assert!(library.remove("lcm-lora-sd15").unwrap() > 0);
    assert!(!path.exists() && library.present(other).is_none());
}

#[test]
fn a_known_model_of_the_cache_has_its_name() {
    let user = User::new();
    let snapshot = ".cache/huggingface/hub/models--Lykon--DreamShaper/snapshots/c";
    user.weights(&format!("{snapshot}/DreamShaper_8_INPAINTING.inpainting.safetensors"), samples::SD1_INPAINTING);
    let found = user.library().named("dreamshaper8-inpainting").unwrap();
    assert_eq!(line(&found), "Hugging Face cache checkpoint sd1 dreamshaper8-inpainting");
}

#[test]
fn a_licence_is_accepted_once_and_later_fields_are_kept() {
    let user = User::new();
    let library = user.library();
    let (base, inpainting) = (known::named("sd15").unwrap(), known::named("sd15-inpainting").unwrap());
    assert!(!library.is_accepted(&base.licence));
    user.write("data/models/models.json", r#"{"of_a_later_version": [1]}"#);
    library.accept(&base.licence).unwrap();
    assert!(library.is_accepted(&inpainting.licence));
    assert!(!library.is_accepted(&known::named("mobile-sam").unwrap().licence));
    let text = fs::read_to_string(Path::new(&user.path("data/models/models.json"))).unwrap();
    assert!(text.contains("of_a_later_version"), "{text}");
    user.write("data/models/models.json", "no json");
    assert!(library.accept(&base.licence).unwrap_err().message().contains("damaged"));
    assert_eq!(fs::read_to_string(user.path("data/models/models.json")).unwrap(), "no json");
    assert_eq!(Kind::Lora.to_string(), "lora");
    assert_eq!(Program::Added.to_string(), "added");
}
