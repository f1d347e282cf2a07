//! Kinds of toys, colours, grounds and backs with their words, each a single token of CLIP's vocabulary.

use std::fmt;

use glam::Vec3;

/// Declares an enumeration with a word for each variant. Random scenes depend on the order of the variants.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = concat!("“", $word, "”")] $variant),+
        }

        impl $name {
            /// Every variant. Random scenes depend on their order.
            pub const EVERY: &[Self] = &[$(Self::$variant),+];

            /// The word in a prompt.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.word())
            }
        }
    };
}

words! {
    /// The kind of a toy, recognisable by its outline.
    Kind {
        Ball = "ball", Cube = "cube", Cone = "cone", Ring = "ring", Star = "star", Heart = "heart", Mushroom = "mushroom", Tree = "tree",
        House = "house", Mug = "mug", Rocket = "rocket", Duck = "duck", Snowman = "snowman", Car = "car",
        Apple = "apple", Boat = "boat", Bell = "bell", Chair = "chair", Crown = "crown", Flower = "flower", Bear = "bear", Castle = "castle",
        Bottle = "bottle", Lamp = "lamp", Fish = "fish", Robot = "robot", Cactus = "cactus", Guitar = "guitar", Teapot = "teapot",
        Bicycle = "bicycle",
    }
}

impl Kind {
    /// The kinds of plain scenes, which the built-in model was trained on.
    pub const ALL: &[Self] = Self::EVERY.split_at(14).0;
    /// The kinds of detailed scenes for training.
    pub const SEEN: &[Self] = Self::EVERY.split_at(22).0;
    /// The kinds that are never in a scene for training.
    pub const UNSEEN: &[Self] = Self::EVERY.split_at(22).1;
}

words! {
    /// The main colour of a toy.
    Colour {
        Red = "red", Orange = "orange", Yellow = "yellow", Green = "green", Blue = "blue", Purple = "purple", White = "white",
        Pink = "pink", Brown = "brown", Black = "black",
    }
}

impl Colour {
    /// The colours of plain scenes, which the built-in model was trained on.
    pub const ALL: &[Self] = Self::EVERY.split_at(7).0;
}

words! {
    /// What the main parts of a toy are made of.
    Material { Plastic = "plastic", Wood = "wooden", Metal = "metal", Glass = "glass" }
}

words! {
    /// The ground that the toys stand on.
    Ground {
        Grass = "grass", Sand = "sand", Wood = "wood", Marble = "marble", Stone = "stone",
        Snow = "snow", Brick = "brick", Clay = "clay", Carpet = "carpet",
    }
}

impl Ground {
    /// The grounds of scenes for training.
    pub const ALL: &[Self] = Self::EVERY.split_at(5).0;
    /// The grounds that are never in a scene for training.
    pub const UNSEEN: &[Self] = Self::EVERY.split_at(5).1;
}

words! {
    /// The wall or sky behind the toys.
    Back {
        BlueWall = "blue wall", PinkWall = "pink wall", GreyWall = "grey wall", GreenWall = "green wall",
        BlueSky = "blue sky", SunsetSky = "sunset sky",
    }
}

impl Colour {
    /// The colour in full light, with channels in `[0, 1]`.
    pub fn rgb(self) -> Vec3 {
        match self {
            Self::Red => Vec3::new(0.86, 0.10, 0.12),
            Self::Orange => Vec3::new(0.97, 0.48, 0.06),
            Self::Yellow => Vec3::new(0.99, 0.83, 0.10),
            Self::Green => Vec3::new(0.12, 0.60, 0.22),
            Self::Blue => Vec3::new(0.10, 0.32, 0.86),
            Self::Purple => Vec3::new(0.52, 0.18, 0.74),
            Self::White => Vec3::new(0.93, 0.93, 0.91),
            Self::Pink => Vec3::new(0.96, 0.52, 0.68),
            Self::Brown => Vec3::new(0.46, 0.27, 0.14),
            Self::Black => Vec3::new(0.13, 0.13, 0.15),
        }
    }
}

impl Back {
    /// Whether it is a sky, with the ground up to the horizon, rather than a wall.
    pub fn is_sky(self) -> bool {
        matches!(self, Self::BlueSky | Self::SunsetSky)
    }
}
