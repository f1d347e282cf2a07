//! The record of a scene, and what can be said of it without drawing.

use glam::{Vec2, Vec3};

use crate::words::{Back, Colour, Ground, Kind};

/// A thing that stands on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Toy {
    /// What it is.
    pub kind: Kind,
    /// Its main colour.
    pub colour: Colour,
    /// Where its foot stands, to the right.
    pub x: f32,
    /// Where its foot stands, towards the eye.
    pub z: f32,
    /// Its height, about, in the unit of `x` and `z`.
    pub size: f32,
    /// How far it is turned about its upright axis, in radians.
    pub turn: f32,
}

impl Toy {
    /// Its prompt, such as “a red ball”.
    pub fn prompt(&self) -> String {
        let article = if self.colour == Colour::Orange { "an" } else { "a" };
        format!("{article} {} {}", self.colour, self.kind)
    }
}

/// The eye, which looks at the middle of the scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Its height above the ground.
    pub height: f32,
    /// Its distance from the middle of the scene.
    pub distance: f32,
}

/// A scene: a picture is [drawn](crate::draw()) from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// From where it is seen.
    pub camera: Camera,
    /// The direction from which the light comes, about the upright axis; 0 is the eye's.
    pub light: f32,
    /// Shifts the pattern of the ground and the clouds.
    pub pattern: f32,
    /// What the toys stand on.
    pub ground: Ground,
    /// What is behind them.
    pub back: Back,
    /// The toys. In a drawing's labels, number i + 1 is `toys[i]`.
    pub toys: Vec<Toy>,
}

/// A rectangle of a picture, in shares of its sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// The upper left corner.
    pub min: Vec2,
    /// The lower right corner.
    pub max: Vec2,
}

impl Extent {
    /// The gap between two rectangles along the axis where it is widest; negative where they overlap.
    pub fn gap(&self, other: &Self) -> f32 {
        (self.min - other.max).max(other.min - self.max).max_element()
    }
}

/// Half the height of what a camera sees at the middle of the scene.
const HALF_VIEW: f32 = 1.55;
/// The height of the point that the eye looks at.
const AIM: f32 = 0.5;

impl Scene {
    /// The prompt of everything that is no toy, such as “grass, blue sky”.
    pub fn background_prompt(&self) -> String {
        format!("{}, {}", self.ground, self.back)
    }

    /// The whole picture's prompt, such as “a red ball and a blue cube on grass, blue sky”.
    pub fn caption(&self) -> String {
        let toys: Vec<String> = self.toys.iter().map(Toy::prompt).collect();
        if toys.is_empty() { self.background_prompt() } else { format!("{} on {}", toys.join(" and "), self.background_prompt()) }
    }

    /// The rectangle that a toy covers, about.
    pub fn extent(&self, toy: &Toy) -> Extent {
        let half = crate::shapes::half_width(toy.kind) * toy.size;
        let height = crate::shapes::height(toy.kind) * toy.size;
        let (mut min, mut max) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
        for (dx, y) in [(-half, 0.0), (half, 0.0), (-half, height), (half, height)] {
            let at = self.camera.project(Vec3::new(toy.x + dx, y, toy.z));
            (min, max) = (min.min(at), max.max(at));
        }
        Extent { min, max }
    }
}

impl Camera {
    /// Where it stands.
    pub(crate) fn eye(self) -> Vec3 {
        Vec3::new(0.0, self.height, self.distance)
    }

    /// Right, up and ahead; right and up are as long as half the view is high at distance 1.
    pub(crate) fn axes(self) -> [Vec3; 3] {
        let ahead = (Vec3::new(0.0, AIM, 0.0) - self.eye()).normalize();
        let right = ahead.cross(Vec3::Y).normalize();
        let spread = HALF_VIEW / 6.0;
        [right * spread, right.cross(ahead) * spread, ahead]
    }

    /// The place of a point in the picture, in shares of its sides; the picture is square.
    pub(crate) fn project(self, point: Vec3) -> Vec2 {
        let [right, up, ahead] = self.axes();
        let from_eye = point - self.eye();
        let scale = from_eye.dot(ahead) * right.length_squared();
        Vec2::new(0.5 + 0.5 * from_eye.dot(right) / scale, 0.5 - 0.5 * from_eye.dot(up) / scale)
    }
}
