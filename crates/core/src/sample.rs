//! A few out of many, evenly: what is shown of a stream that is faster than a reader.

/// Gathers things until they are taken, and keeps few however many come.
///
/// While there are more than it may keep it holds every second, then every fourth and so on, so that what is left
/// is spread evenly over all that came.
#[derive(Debug)]
pub struct Sample<T> {
    most: usize,
    stride: u64,
    came: u64,
    kept: Vec<T>,
}

/// What was gathered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken<T> {
    /// The sample, in the order in which it came.
    pub items: Vec<T>,
    /// How many more came.
    pub left_out: u64,
}

impl<T> Sample<T> {
    /// A sample of at most this many, which is not 0.
    pub fn of(most: usize) -> Self {
        Self { most: most.max(1), stride: 1, came: 0, kept: Vec::new() }
    }

    /// Whether nothing came since it was last taken.
    pub fn is_empty(&self) -> bool {
        self.came == 0
    }

    /// Adds one. It is made only when it is kept.
    pub fn add(&mut self, make: impl FnOnce() -> T) {
        if self.came.is_multiple_of(self.stride) {
            // Twice as many are kept as are taken: then any number of them can be taken evenly.
            if self.kept.len() == 2 * self.most {
                self.thin_out();
            }
            if self.came.is_multiple_of(self.stride) {
                self.kept.push(make());
            }
        }
        self.came += 1;
    }

    /// Takes what there is and begins anew.
    pub fn take(&mut self) -> Taken<T> {
        let (kept, came) = (std::mem::take(&mut self.kept), std::mem::take(&mut self.came));
        self.stride = 1;
        let items = evenly(kept, self.most);
        Taken { left_out: came - items.len() as u64, items }
    }

    fn thin_out(&mut self) {
        let mut rank = 0_usize;
        self.kept.retain(|_| {
            rank += 1;
            !rank.is_multiple_of(2)
        });
        self.stride *= 2;
    }
}

/// At most this many of the list, the first among them.
fn evenly<T>(list: Vec<T>, most: usize) -> Vec<T> {
    let count = list.len();
    if count <= most {
        return list;
    }
    let mut wanted = (0..most).map(|rank| rank * count / most).peekable();
    let chosen = list.into_iter().enumerate().filter(|(at, _)| wanted.next_if_eq(at).is_some());
    chosen.map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample_of(came: u64, most: usize) -> Taken<u64> {
        let mut sample = Sample::of(most);
        for n in 0..came {
            sample.add(|| n);
        }
        sample.take()
    }

    #[test]
    fn few_are_all_kept_in_their_order() {
        assert_eq!(sample_of(3, 3), Taken { items: vec![0, 1, 2], left_out: 0 });
        assert_eq!(sample_of(0, 3), Taken { items: vec![], left_out: 0 });
    }

    #[test]
    fn of_many_a_few_are_kept_at_even_distances() {
        assert_eq!(sample_of(4, 2), Taken { items: vec![0, 2], left_out: 2 });
        assert_eq!(sample_of(1_000, 4), Taken { items: vec![0, 256, 512, 768], left_out: 996 });
    }

    #[test]
    fn what_was_taken_does_not_come_again() {
        let mut sample = Sample::of(2);
        sample.add(|| 1);
        assert_eq!(sample.take().items, [1]);
        assert!(sample.is_empty());
        sample.add(|| 2);
        assert_eq!(sample.take(), Taken { items: vec![2], left_out: 0 });
    }

    #[test]
    fn what_is_not_kept_is_never_made() {
        let (mut sample, mut made) = (Sample::of(1), 0);
        for _ in 0..1_000_000 {
            sample.add(|| made += 1);
        }
        assert!(made < 50, "{made}");
    }

    proptest! {
        #[test]
        fn a_sample_is_full_counted_and_nowhere_thin(came in 0_u64..5_000, most in 1_usize..60) {
            let taken = sample_of(came, most);
            prop_assert_eq!(taken.items.len() as u64, came.min(most as u64));
            prop_assert_eq!(taken.left_out + taken.items.len() as u64, came);
            prop_assert!(taken.items.is_sorted_by(|one, next| one < next));
            // The widest gap, the one at the end included, is at most four times what perfect spacing would be.
            let ends = taken.items.iter().copied().chain([came]).collect::<Vec<_>>();
            let widest = ends.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            prop_assert!(widest <= 4 * came.div_ceil(most as u64).max(1), "{widest} of {came}");
        }
    }
}
