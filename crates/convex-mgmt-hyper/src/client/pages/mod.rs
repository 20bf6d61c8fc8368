//! [`Pages`] and [`Items`]: a list of several pages as a stream, by page and by item.

mod by_item;
mod by_page;

pub use self::by_item::Items;
pub use self::by_page::Pages;
