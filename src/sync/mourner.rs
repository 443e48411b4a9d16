//! Who clears up behind the dead of whom he hears, once behind each: who is not in the yard any more clears up nothing, and would
//! go on and on.

use crate::segment::bits::Token;

/// Of whom he has heard last.
#[derive(Default)]
pub(crate) struct Mourner(Option<Token>);

impl Mourner {
    /// Hears of this one, if of anybody: see [`Owners::hear`](crate::sync::lock::Owners::hear). Tells whether that is news, and so
    /// whether to clear up.
    pub(crate) fn hears_news(&mut self, dead: Option<Token>) -> bool {
        let is_news = dead.is_some() && dead != self.0;
        if is_news {
            self.0 = dead;
        }
        is_news
    }
}
