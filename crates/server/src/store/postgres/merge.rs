//! Lists that come from several places at once, such as the log of all scopes of a reader.
//!
//! Each lane is a statement that walks an index, newest first, a chunk at a time. The lanes are merged row by row,
//! so a page costs what it shows and what it passes over, however much there is.

use std::collections::VecDeque;

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::codec::Param;
use super::failure::Failure;
use crate::store::place::{Found, Place, Reach, moment, newest};

/// The sizes of the chunks in which a lane is read, the first for a page that finds what it wants at once. They stand
/// in the statement, for PostgreSQL to know how far it is going to walk.
const CHUNKS: [usize; 3] = [64, 512, 1_024];

/// What a list is ordered by, and so what a statement is told of where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// A moment and the row's number: the first two parameters.
    Moments,
    /// An id that sorts by age: the first parameter.
    Ids,
}

/// Rows of one list, newest first, by walking an index.
pub(super) struct Lane {
    walk: Walk,
    pub(super) sql: String,
    keys: Vec<Box<dyn ToSql + Send + Sync>>,
}

impl Lane {
    /// A statement that lacks its end, the `LIMIT`.
    pub(super) fn new(walk: Walk, sql: String) -> Self {
        Self { walk, sql, keys: Vec::new() }
    }

    /// With one more parameter, after those that say where to begin.
    pub(super) fn with(mut self, key: impl ToSql + Send + Sync + 'static) -> Self {
        self.keys.push(Box::new(key));
        self
    }

    /// How PostgreSQL would go about it.
    #[cfg(test)]
    pub(super) async fn plan(&self, client: &Object) -> String {
        let generic =
            format!("SET plan_cache_mode = force_generic_plan; PREPARE walk AS {} LIMIT 64", self.sql);
        client.batch_execute(&generic).await.unwrap();
        let count = self.keys.len() + if self.walk == Walk::Moments { 2 } else { 1 };
        let nothing = vec!["NULL"; count].join(", ");
        let steps = client.query(&format!("EXPLAIN EXECUTE walk ({nothing})"), &[]).await.unwrap();
        client.batch_execute("DEALLOCATE walk").await.unwrap();
        steps.iter().map(|step| step.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
    }

    /// The next rows below this place, no more than `most`.
    async fn chunk(&self, client: &Object, below: Place, most: usize) -> Result<Vec<Row>, Failure> {
        let sql = client.prepare_cached(&format!("{} LIMIT {most}", self.sql)).await?;
        let (at, seq) = moment(below);
        let id = Uuid::from_u128(below);
        let mut params: Vec<Param<'_>> = match self.walk {
            Walk::Moments => vec![&at, &seq],
            Walk::Ids => vec![&id],
        };
        params.extend(self.keys.iter().map(|key| -> Param<'_> { &**key }));
        Ok(client.query(&sql, &params).await?)
    }
}

/// A lane under way.
struct Under<T> {
    lane: Lane,
    rows: VecDeque<(Place, T)>,
    /// Below which its next chunk begins; absent when there is none.
    next: Option<Place>,
    chunks: usize,
}

/// Merges the lanes from a place on, newest first; a row that comes by two lanes comes once.
pub(super) async fn newest_first<T>(
    client: &Object,
    lanes: Vec<Lane>,
    start: Place,
    read: impl Fn(&Row) -> Result<(Place, T), Failure>,
    mut wanted: impl FnMut(&T) -> Result<bool, Failure>,
    reach: Reach,
) -> Result<Found<T>, Failure> {
    let under = |lane| Under { lane, rows: VecDeque::new(), next: Some(start), chunks: 0 };
    let mut lanes: Vec<Under<T>> = lanes.into_iter().map(under).collect();
    let mut rows = Vec::new();
    let mut last = None;
    let mut looked_at = 0;
    loop {
        for lane in &mut lanes {
            refill(client, lane, &read).await?;
        }
        let Some(lane) = newest(lanes.iter().map(|lane| lane.rows.front().map(|(place, _)| *place))) else {
            return Ok(Found { rows, next: None });
        };
        if rows.len() == reach.rows || looked_at == reach.looked_at {
            return Ok(Found { rows, next: last });
        }
        let Some((place, row)) = lanes[lane].rows.pop_front() else { continue };
        if last == Some(place) {
            continue;
        }
        last = Some(place);
        looked_at += 1;
        if wanted(&row)? {
            rows.push(row);
        }
    }
}

async fn refill<T>(
    client: &Object,
    lane: &mut Under<T>,
    read: impl Fn(&Row) -> Result<(Place, T), Failure>,
) -> Result<(), Failure> {
    let Some(below) = lane.next.filter(|_| lane.rows.is_empty()) else { return Ok(()) };
    let most = CHUNKS[lane.chunks.min(CHUNKS.len() - 1)];
    lane.chunks += 1;
    for row in &lane.lane.chunk(client, below, most).await? {
        lane.rows.push_back(read(row)?);
    }
    let whole = lane.rows.len() == most;
    lane.next = lane.rows.back().map(|(place, _)| *place).filter(|_| whole);
    Ok(())
}
