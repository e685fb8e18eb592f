//! Closed lists of names, written once: enum, spelling and order.

/// A closed list of names.
pub trait Named: Copy + 'static {
    /// Every value, in documented order.
    const NAMES: &'static [Self];

    /// Its name.
    fn name(self) -> &'static str;

    /// The value with this name.
    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().copied().find(|value| value.name() == name)
    }
}

/// Declares an enum of names with its spelling in files, commands and JSON.
macro_rules! kind_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every value, in documented order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, as files, commands and JSON spell it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl $crate::model::kinds::Named for $name {
            const NAMES: &'static [Self] = Self::ALL;

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use kind_enum;
