//! From one machine to many.

use serde_json::json;

use crate::world::{Engines, World, reply, secs};

#[tokio::test]
async fn what_one_machine_has_goes_on_on_nodes_and_what_was_under_way_goes_along() {
    let mut world = World::on_one_machine().await;
    let engines = Engines::shared();
    let endpoint = world.endpoint([reply(200), reply(500), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "name": "carried"})).await;
    let person = world.person("ann@example.com").await;
    world.publish("t", "1").await;
    endpoint.next().await;
    world.settled().await;
    world.publish("t", "2").await;
    endpoint.next().await;
    world.settled().await;
    let (books, log) = (world.books(&id).await, world.log(&id).await);
    assert_eq!(books["waiting"], 1);

    let refused = world.carry(&engines, false).await.unwrap_err().to_string();
    assert!(
        refused.contains("under way in the data directory (1)") && refused.contains("--queue"),
        "{refused}"
    );
    let migrated = world.carry(&engines, true).await.unwrap();
    assert_eq!(migrated.deliveries, 1);
    let rows: u64 = migrated.rows.unwrap().iter().map(|(_, rows)| rows).sum();
    assert!(rows > 10, "{rows}");

    world.go_on_with(&engines).await;
    assert_eq!((world.books(&id).await, world.log(&id).await), (books, log));
    let there = world.nobody().with_token(person.token.as_deref().unwrap());
    there.get("/v1/devices").await.expect(200);
    while endpoint.hits() < 3 {
        world.advance(secs(1)).await;
    }
    let seen = endpoint.seen();
    assert_eq!(seen[1].header("webhook-id"), seen[2].header("webhook-id"));
    world.settled().await;
    let books = world.books(&id).await;
    assert_eq!((&books["delivered"], &books["waiting"]), (&2.into(), &0.into()));
    world.publish("t", "3").await;
    endpoint.next().await;
}

#[tokio::test]
async fn a_migration_goes_on_where_it_stopped_and_goes_nowhere_that_is_in_use() {
    let mut world = World::on_one_machine().await;
    let engines = Engines::shared();
    let endpoint = world.endpoint([reply(200)]).await;
    world.integration(json!({"event": "t", "url": endpoint.url})).await;
    assert!(world.carry(&engines, false).await.unwrap().rows.is_some());
    let again = world.carry(&engines, true).await.unwrap();
    assert!(again.rows.is_none(), "they are there already");

    let mut other = World::on_one_machine().await;
    let refused = other.carry(&engines, true).await.unwrap_err().to_string();
    assert!(refused.contains("another installation") && refused.contains("empty"), "{refused}");
}

#[tokio::test]
async fn a_directory_without_data_is_not_carried_nor_made_and_one_in_use_stays_alone() {
    let world = World::on_one_machine().await;
    let engines = Engines::shared();
    let refused = world.carry_from(world.data(), &engines).await;
    assert!(refused.contains("queue") && refused.contains("in use by another"), "{refused}");

    let nowhere = world.data().join("nowhere");
    let refused = world.carry_from(&nowhere, &engines).await;
    assert!(refused.contains("nowhere") && refused.contains("no installation"), "{refused}");
    assert!(!nowhere.exists());

    let mut world = world;
    world.lose_key();
    let refused = world.carry(&engines, true).await.unwrap_err().to_string();
    assert!(refused.contains("another key") && refused.contains("--key-file"), "{refused}");
}
