//! Jobs: requests to an engine, the queue they wait in, and the worker that carries them out.

mod control;
mod edit;
mod event;
mod frame;
mod info;
mod job;
mod layers;
mod learn;
mod queue;
mod regions;
mod request;
mod segment;
mod through;
mod thumbnail;
mod worker;
mod worker_settings;

pub(crate) use self::edit::{check, plan};
pub use self::event::{Edited, JobEvent, JobOutput, Layers, Learned, Part, Reporter};
pub use self::frame::{Frame, OtherFrame};
pub use self::info::{JobInfo, JobKind, LoadedModel};
pub(crate) use self::job::{Interruption, Job, Task};
pub(crate) use self::queue::Queue;
pub use self::request::{EditRequest, LearnRequest, Original, PlanRequest, SegmentRequest, Wanted};
pub(crate) use self::worker::Worker;
pub(crate) use self::worker_settings::WorkerSettings;
