//! Putting slots and index numbers where they belong.

use std::collections::HashMap;

use crate::model::Slot;

use super::{Collection, Condition, IndexNumber};

impl Collection {
    /// Gives the fields `slots` and the indexes `numbers`, both in the order of the lists, and
    /// makes the indexes' columns follow. A list that is too short leaves the rest as it is.
    pub fn renumber(&mut self, slots: &[Slot], numbers: &[IndexNumber]) {
        let moved: HashMap<Slot, Slot> =
            self.fields.iter().zip(slots).map(|(field, slot)| (field.slot, *slot)).collect();
        for (field, slot) in self.fields.iter_mut().zip(slots) {
            field.slot = *slot;
        }
        for index in &mut self.indexes {
            for column in &mut index.columns {
                column.slot = moved.get(&column.slot).copied().unwrap_or(column.slot);
            }
            if let Some(condition) = &mut index.condition {
                condition.move_slots(&moved);
            }
        }
        for (index, number) in self.indexes.iter_mut().zip(numbers) {
            index.number = *number;
        }
    }
}

impl Condition {
    fn move_slots(&mut self, moved: &HashMap<Slot, Slot>) {
        match self {
            Self::All(conditions) | Self::Any(conditions) => {
                for condition in conditions {
                    condition.move_slots(moved);
                }
            }
            Self::Compare(slot, ..) | Self::IsNull(slot) | Self::IsNotNull(slot) => {
                *slot = moved.get(slot).copied().unwrap_or(*slot);
            }
        }
    }
}
