use proptest::prelude::*;

use super::*;
use crate::id::{EventId, OrgId};

const ANNA: UserId = UserId([1; 12]);
const BERT: UserId = UserId([2; 12]);
const KITCHEN: DeviceId = DeviceId([3; 12]);
const CELLAR: DeviceId = DeviceId([4; 12]);
const FLEET: ProductId = ProductId(42);
const OTHER_FLEET: ProductId = ProductId(43);
const ORG: Scope = Scope::Organisation(OrgId([5; 12]));
const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);

/// Anna's kitchen device, of the fleet, publishes `temp/kitchen`.
fn event() -> Event {
    Event {
        id: EventId::new(T0, [7; 10]),
        name: "temp/kitchen".to_owned(),
        data: Some("21.5".to_owned()),
        published_at: T0,
        ttl: 60,
        publisher: Publisher::Device(KITCHEN),
        private: true,
        owner: Some(ANNA),
        product: Some(FLEET),
        product_version: Some(1),
        source: Source::Http,
        idempotency_key: None,
    }
}

/// Anna's integration on `temp`.
fn candidate() -> Candidate<'static> {
    Candidate {
        integration: IntegrationId([9; 12]),
        scope: Scope::User(ANNA),
        prefix: "temp",
        device_filter: None,
        disabled: None,
        products: &[],
        updated_at: T0,
    }
}

fn of(scope: Scope) -> Candidate<'static> {
    Candidate { scope, ..candidate() }
}

fn reason(event: &Event, candidate: &Candidate<'_>) -> Reason {
    judge(event, candidate).reason
}

#[test]
fn a_claimed_product_device_fires_its_owners_hook_and_its_products_hook() {
    assert!(fires(&event(), &of(Scope::User(ANNA))));
    assert!(fires(&event(), &of(Scope::Product(FLEET))));
    assert!(fires(&event(), &Candidate { products: &[OTHER_FLEET, FLEET], ..of(ORG) }));
}

#[test]
fn an_unclaimed_product_device_fires_its_products_hook_only() {
    let event = Event { owner: None, ..event() };
    assert_eq!(reason(&event, &of(Scope::User(ANNA))), Reason::Claim { by_another: false });
    assert_eq!(reason(&event, &of(Scope::Product(FLEET))), Reason::Fired);
}

#[test]
fn a_publish_by_token_fires_its_owners_hook_but_nobody_elses() {
    let event = Event { publisher: Publisher::Api, product: None, ..event() };
    assert_eq!(reason(&event, &of(Scope::User(ANNA))), Reason::Fired);
    assert_eq!(reason(&event, &of(Scope::User(BERT))), Reason::Scope);
    assert_eq!(reason(&event, &of(Scope::Product(FLEET))), Reason::Scope);
    assert_eq!(reason(&event, &of(ORG)), Reason::Scope);
}

#[test]
fn the_first_reason_is_named_in_the_documented_order() {
    let off = Disabled { since: T0, by: Some(BERT) };
    let mut event = Event { name: "spark".to_owned(), source: Source::Test, owner: Some(BERT), ..event() };
    let mut hook =
        Candidate { device_filter: Some(CELLAR), disabled: Some(&off), prefix: "Spark", ..candidate() };

    assert_eq!(reason(&event, &hook), Reason::Test);
    event.source = Source::Http;
    assert_eq!(reason(&event, &hook), Reason::Prefix { nearest: Some(NearMiss::Case) });
    hook.prefix = "spark";
    assert_eq!(reason(&event, &hook), Reason::Claim { by_another: true });
    event.owner = Some(ANNA);
    assert_eq!(reason(&event, &hook), Reason::DeviceFilter);
    hook.device_filter = Some(KITCHEN);
    assert_eq!(reason(&event, &hook), Reason::Disabled { by: Some(BERT), since: T0 });
    hook.disabled = None;
    assert_eq!(reason(&event, &hook), Reason::Reserved);
    (event.name, hook.prefix) = ("hook-response/temp/0".to_owned(), "hook");
    assert_eq!(reason(&event, &hook), Reason::LoopGuard);
    (event.name, hook.scope) = ("hooked".to_owned(), ORG);
    assert_eq!(reason(&event, &hook), Reason::NotListed);
    hook.products = &[FLEET];
    assert_eq!(reason(&event, &hook), Reason::Fired);
}

#[test]
fn a_reply_under_a_name_of_its_own_fires_nothing_either() {
    let reply = Event { publisher: Publisher::Internal, ..event() };
    assert_eq!(reason(&reply, &candidate()), Reason::LoopGuard);
}

#[test]
fn a_delivery_is_proof_that_it_fired_whatever_was_saved_since() {
    let off = Disabled { since: T0, by: None };
    let hook = Candidate { disabled: Some(&off), ..candidate() };
    assert_eq!(trace(&event(), &hook, true).reason, Reason::Fired);
    assert_eq!(trace(&event(), &hook, false).reason, Reason::Disabled { by: None, since: T0 });
}

#[test]
fn an_integration_saved_after_the_event_did_not_fire_then() {
    let saved_at = Timestamp::from_millis(T0.as_millis() + 1);
    let hook = Candidate { updated_at: saved_at, ..candidate() };
    assert_eq!(trace(&event(), &hook, false).reason, Reason::NotThen { saved_at });
    assert_eq!(trace(&event(), &candidate(), false).reason, Reason::Fired);
}

#[test]
fn a_row_reads_as_a_flat_object_with_a_sentence() {
    let row = judge(&event(), &Candidate { prefix: "/temp", ..candidate() });
    let json = serde_json::json!({
        "integration": "090909090909090909090909",
        "reason": "prefix",
        "nearest": { "kind": "slash" },
        "explanation": "The event name `temp/kitchen` does not begin with `/temp`, \
            but it would if both began with the same number of slashes.",
    });
    assert_eq!(serde_json::to_value(&row).unwrap(), json);
    assert_eq!(serde_json::from_value::<Trace>(json).unwrap(), row);
}

#[test]
fn every_reason_reads_back_what_it_writes() {
    let reasons = [
        Reason::Fired,
        Reason::Test,
        Reason::Prefix { nearest: Some(NearMiss::Edits { distance: 1, head: "temp".to_owned() }) },
        Reason::Scope,
        Reason::Claim { by_another: true },
        Reason::DeviceFilter,
        Reason::Disabled { by: Some(ANNA), since: T0 },
        Reason::Reserved,
        Reason::LoopGuard,
        Reason::NotListed,
        Reason::NotThen { saved_at: T0 },
    ];
    for reason in reasons {
        let row = row(&event(), &candidate(), reason);
        assert!(row.explanation.ends_with('.'), "{}", row.explanation);
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<Trace>(&text).unwrap(), row);
    }
}

/// The rules of matching as one sentence each, told apart from the code that gives reasons.
fn plainly_fires(event: &Event, hook: &Candidate<'_>) -> bool {
    let in_scope = match hook.scope {
        Scope::User(user) => event.owner == Some(user),
        Scope::Product(product) => event.product == Some(product),
        Scope::Organisation(_) => {
            let listed = event.product.is_some_and(|product| hook.products.contains(&product));
            listed || event.source == Source::Server && event.product.is_some()
        }
    };
    let device_fits = hook.device_filter.is_none() || hook.device_filter == event.device();
    let may_trigger = event.source != Source::Test
        && (event.publisher != Publisher::Internal || event.source == Source::Server)
        && event::reserved(&event.name).is_none()
        && (!event::is_reply_name(&event.name) || event.source == Source::Server);
    let named = !hook.prefix.is_empty() && event.name.starts_with(hook.prefix);
    in_scope && device_fits && may_trigger && named && hook.disabled.is_none()
}

prop_compose! {
    fn any_event()(
        name in prop::sample::select(vec!["temp", "temp/kitchen", "Temp", "sparkle", "hook-sent/temp", "t"]),
        publisher in prop::sample::select(vec![
            Publisher::Device(KITCHEN), Publisher::Device(CELLAR), Publisher::Api, Publisher::Internal,
        ]),
        owner in prop::option::of(prop::sample::select(vec![ANNA, BERT])),
        product in prop::option::of(prop::sample::select(vec![FLEET, OTHER_FLEET])),
        source in prop::sample::select(vec![Source::Http, Source::Mqtt, Source::Test, Source::Server]),
    ) -> Event {
        Event { name: name.to_owned(), publisher, owner, product, source, ..event() }
    }
}

proptest! {
    #[test]
    fn an_integration_fires_exactly_when_it_is_judged_fired(
        event in any_event(),
        scope in prop::sample::select(vec![Scope::User(ANNA), Scope::Product(FLEET), ORG]),
        prefix in prop::sample::select(vec!["", "t", "temp", "temp/", "spark", "hook"]),
        device_filter in prop::option::of(prop::sample::select(vec![KITCHEN, CELLAR])),
        off in prop::option::weighted(0.2, Just(Disabled { since: T0, by: None })),
        products in prop::sample::subsequence(vec![FLEET, OTHER_FLEET], 0..=2),
    ) {
        let hook = Candidate {
            scope, prefix, device_filter, disabled: off.as_ref(), products: &products, ..candidate()
        };
        let judged = judge(&event, &hook);
        prop_assert_eq!(fires(&event, &hook), judged.reason == Reason::Fired);
        prop_assert_eq!(fires(&event, &hook), plainly_fires(&event, &hook), "{}", judged.explanation);
    }
}
