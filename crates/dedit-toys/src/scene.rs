//! The description of a scene and its geometry.

use glam::{Vec2, Vec3};

use crate::words::{Back, Colour, Ground, Kind, Material};

/// An object on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Toy {
    /// The kind of object.
    pub kind: Kind,
    /// The main colour.
    pub colour: Colour,
    /// What the main parts are made of. Plain scenes show every toy as of plastic.
    pub material: Material,
    /// x of its base, to the right, in scene units (a toy is about 1 high).
    pub x: f32,
    /// z of its base, towards the camera.
    pub z: f32,
    /// Approximate height in the units of `x` and `z`.
    pub size: f32,
    /// Rotation about the vertical axis in radians.
    pub turn: f32,
}

impl Toy {
    /// The prompt, such as “a red ball” or “a red wooden ball”.
    pub fn prompt(&self) -> String {
        let article = if self.colour == Colour::Orange { "an" } else { "a" };
        format!("{article} {}", self.name())
    }

    /// Its name as an item, such as “red ball” or “red wooden ball”.
    pub fn name(&self) -> String {
        match self.material {
            Material::Plastic => format!("{} {}", self.colour, self.kind),
            material => format!("{} {material} {}", self.colour, self.kind),
        }
    }
}

/// The camera, which looks at the centre of the scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Height above the ground.
    pub height: f32,
    /// Distance from the centre of the scene.
    pub distance: f32,
}

/// How a scene is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As the built-in model was trained on: smooth grounds, one material, four rays for each pixel.
    Plain,
    /// For pictures of 256 pixels and more: grounds with fine detail, materials, a wide light, and 16 rays for each pixel with an edge.
    Detailed,
}

/// A scene, to be rendered by [`draw`](crate::draw()).
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// How it is rendered.
    pub look: Look,
    /// The camera.
    pub camera: Camera,
    /// The direction of the light about the vertical axis, in radians; 0 is from the camera.
    pub light: f32,
    /// Offset of the patterns of ground and clouds.
    pub pattern: f32,
    /// The ground.
    pub ground: Ground,
    /// The wall or sky behind the toys.
    pub back: Back,
    /// The toys. In a drawing's labels, number i + 1 is `toys[i]`.
    pub toys: Vec<Toy>,
}

/// A rectangle of a picture, as shares of its sides in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// The upper left corner.
    pub min: Vec2,
    /// The lower right corner.
    pub max: Vec2,
}

impl Extent {
    /// The larger of the horizontal and vertical gaps between two rectangles; negative where they overlap.
    pub fn gap(&self, other: &Self) -> f32 {
        (self.min - other.max).max(other.min - self.max).max_element()
    }
}

/// Half of the visible height at the centre of the scene.
const HALF_VIEW: f32 = 1.55;
/// Height of the point that the camera looks at.
const AIM: f32 = 0.5;

impl Scene {
    /// The prompt of the background, such as “grass, blue sky”.
    pub fn background_prompt(&self) -> String {
        format!("{}, {}", self.ground, self.back)
    }

    /// The whole picture's prompt, such as “a red ball and a blue cube on grass, blue sky”.
    pub fn caption(&self) -> String {
        let toys: Vec<String> = self.toys.iter().map(Toy::prompt).collect();
        if toys.is_empty() { self.background_prompt() } else { format!("{} on {}", toys.join(" and "), self.background_prompt()) }
    }

    /// The approximate bounding box of a toy in the picture.
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
    /// The position of the camera.
    pub(crate) fn eye(self) -> Vec3 {
        Vec3::new(0.0, self.height, self.distance)
    }

    /// The axes right, up and forward; right and up have the length of half the visible height at distance 1.
    pub(crate) fn axes(self) -> [Vec3; 3] {
        let ahead = (Vec3::new(0.0, AIM, 0.0) - self.eye()).normalize();
        let right = ahead.cross(Vec3::Y).normalize();
        let spread = HALF_VIEW / 6.0;
        [right * spread, right.cross(ahead) * spread, ahead]
    }

    /// Projects a point to the (square) picture, as shares of its sides.
    pub(crate) fn project(self, point: Vec3) -> Vec2 {
        let [right, up, ahead] = self.axes();
        let from_eye = point - self.eye();
        let scale = from_eye.dot(ahead) * right.length_squared();
        Vec2::new(0.5 + 0.5 * from_eye.dot(right) / scale, 0.5 - 0.5 * from_eye.dot(up) / scale)
    }
}
