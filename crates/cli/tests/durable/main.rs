//! What was acknowledged is not lost, whatever happens to the process or its disk.

mod disk;
mod kill;
mod nodes;
mod tiny;
mod wire;
