//! Who may do what: every route, asked by everybody.
//!
//! The routes are read from the OpenAPI file, so a new one changes the table. `access.txt` holds what is meant; after a
//! change that is meant, run the test with `BLESS=1` to write it anew, and read the difference.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Visitor, World, reply, secs};

const DEVICE: &str = "0123456789abcdef01234567";
const ROLES: [&str; 5] = ["view-only", "support", "developer", "administrator", "owner"];
/// What ends the caller's own session, token or account: asked of those alone who must be refused.
const SELF_ENDING: [&str; 4] = ["delete_user", "revoke_all_tokens", "revoke_current_token", "sign_out"];

/// A route of the OpenAPI file.
struct Route {
    name: String,
    method: Method,
    path: String,
    scoped: bool,
}

fn routes() -> Vec<Route> {
    let document = serde_json::to_value(fieldhook_server::api::openapi::document()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, route) in methods.as_object().unwrap() {
            let Some(name) = route["operationId"].as_str() else { continue };
            let parameters = route["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            routes.push(Route {
                name: name.to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                scoped: parameters.iter().any(|one| one["name"] == "scope" && one["in"] == "query"),
            });
        }
    }
    // What ends something comes last: a device that is given up loses its token.
    let place =
        |route: &Route| (route.method == Method::DELETE, route.path.clone(), route.method.to_string());
    routes.sort_by_key(place);
    routes
}

/// An organisation with a product, and something of everything in it.
struct Stage {
    world: World,
    product: u64,
    org: String,
    hook: String,
    org_hook: String,
    own_hook: String,
    ids: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set() -> Self {
        let world = World::start().await;
        let admin = world.admin();
        let made = admin.post("/fieldhook/v1/organisations", json!({"name": "Farm"})).await.expect(201);
        let org = made["organization"]["slug"].as_str().unwrap().to_owned();
        let product = json!({"product": {"name": "Pump", "platform_id": 12}});
        let made = admin.post(&format!("/v1/orgs/{org}/products"), product).await.expect(201);
        let product = made["product"]["id"].as_u64().unwrap();
        let base = format!("/v1/products/{product}");
        admin.post(&format!("{base}/devices"), json!({"id": DEVICE})).await.expect(200);
        admin.post("/v1/devices", json!({"id": DEVICE})).await.expect(200);

        let endpoint = world.endpoint([reply(401)]).await;
        let template = |url: &str| json!({"event": "temp", "url": url, "retryPolicy": "none"});
        let hook = world.integration_in(&base, template(&endpoint.url)).await;
        let mut listed = template(&endpoint.url);
        listed["products"] = json!([product]);
        let org_hook = world.integration_in(&format!("/v1/orgs/{org}"), listed).await;
        let own_hook = world.integration(json!({"event": "own", "url": endpoint.url})).await;
        let event =
            admin.post(&format!("{base}/events"), json!({"name": "temp"})).await.expect(200)["id"].clone();
        world.settled().await;
        let first = async |path: &str| {
            let list = admin.get(path).await.expect(200);
            list["items"][0]["id"].as_str().unwrap().to_owned()
        };
        let replay = json!({"intent": "recover", "integration": hook});
        let replay = admin.post("/fieldhook/v1/replays", replay).await.expect(201)["id"].clone();
        world.settled().await;
        let caught = admin.post("/fieldhook/v1/tester", json!({})).await.expect(201)["id"].clone();
        let text = |id: Value| id.as_str().unwrap().to_owned();
        let of_hook = |what: &str| format!("/fieldhook/v1/{what}?integration={hook}");
        let scope = format!("scope=product:{product}");
        let ids = vec![
            ("attempts", first(&of_hook("attempts")).await),
            ("deliveries", first(&of_hook("deliveries")).await),
            ("events", text(event)),
            ("issues", first(&of_hook("issues")).await),
            ("alerts", first(&format!("/fieldhook/v1/alerts?{scope}")).await),
            ("destinations", first(&format!("/fieldhook/v1/destinations?{scope}")).await),
            ("replays", text(replay)),
            ("tester", text(caught)),
        ];
        Self { world, product, org, hook, org_hook, own_hook, ids }
    }

    /// Everybody who asks, the least trusted first.
    async fn callers(&self) -> Vec<(&'static str, Visitor)> {
        let world = &self.world;
        let form = [
            ("grant_type", "password"),
            ("username", "admin@example.com"),
            ("password", "a password of the tests"),
            ("client_id", "particle"),
            ("client_secret", "particle"),
            ("expires_in", "60"),
        ];
        let request = world.nobody().request(Method::POST, "/oauth/token").form(&form);
        let short =
            world.nobody().send(request).await.expect(200)["access_token"].as_str().unwrap().to_owned();
        let other = world.person("other@example.com").await;
        other.post("/v1/user/products", json!({"product": {"name": "Other"}})).await.expect(201);
        let device = world.device_token(DEVICE).await;
        let mut callers = vec![
            ("nobody", world.nobody()),
            ("wrong token", world.nobody().with_token(&"f".repeat(40))),
            ("ended token", world.nobody().with_token(&short)),
            ("device", device),
            ("stranger", world.person("stranger@example.com").await),
            ("other product", other),
        ];
        for role in ROLES {
            let email = format!("{role}@example.com");
            let member = world.person(&email).await;
            for team in [format!("/v1/products/{}/team", self.product), format!("/v1/orgs/{}/team", self.org)]
            {
                let asked = json!({"username": email, "role": role});
                world.admin().post(&team, asked).await.expect(201);
            }
            callers.push((role, member));
        }
        world.person("leaver@example.com").await;
        world.tick(secs(61));
        // Who has claimed the device, and owns the test endpoint and an integration.
        callers.push(("the person", world.admin().clone()));
        callers
    }

    /// The route's path with something real in it; for a DELETE, something made for this once.
    async fn path(&self, route: &Route) -> String {
        let id = self.id(route).await;
        let member = if route.path.contains("{member}") { self.member(route).await } else { String::new() };
        let token = match route.name.as_str() {
            "read_shared_case" => self.link().await.1,
            _ => "0".repeat(40),
        };
        let link = if route.path.contains("{link}") { self.link().await.0 } else { String::new() };
        let device = self.device(route).await;
        let path = route
            .path
            .replace("{product}", &self.product(route).await)
            .replace("{org}", &self.org)
            .replace("{device}", &device)
            .replace("{prefix}", "temp")
            .replace("{member}", &member)
            .replace("{token}", &token)
            .replace("{link}", &link)
            .replace("{name}", "KEY")
            .replace("{id}", &id);
        assert!(!path.contains('{'), "{path}: tell what stands there");
        if route.name == "delete_secret" {
            let secret = json!({"value": "hidden"});
            self.world
                .admin()
                .put(&format!("{path}?scope=product:{}", self.product), secret)
                .await
                .expect(200);
        }
        match route.name.as_str() {
            "compare_attempts" => format!("{path}?a={0}&b={0}", self.known("attempts")),
            "list_deliveries" => format!("{path}?integration={}", self.hook),
            _ if route.scoped => format!("{path}?scope=product:{}", self.product),
            _ => path,
        }
    }

    /// What is sent: nothing, unless what a route is about stands in its body.
    fn body(&self, route: &Route) -> Value {
        match route.name.as_str() {
            "change_issue" => json!({"state": "acknowledged"}),
            "begin_replay" => json!({"intent": "recover", "integration": self.hook, "dry_run": true}),
            "add_product_devices" | "claim_device" => json!({"id": DEVICE}),
            _ => json!({}),
        }
    }

    fn known(&self, what: &str) -> &str {
        let found = self.ids.iter().find(|(name, _)| *name == what);
        &found.unwrap_or_else(|| panic!("{what}: nothing of it is made")).1
    }

    async fn id(&self, route: &Route) -> String {
        let ends = route.method == Method::DELETE;
        let template = json!({"event": "gone", "url": "https://example.com"});
        let product = format!("/v1/products/{}", self.product);
        let org = format!("/v1/orgs/{}", self.org);
        let parts: Vec<&str> = route.path.split('/').collect();
        let before = parts.iter().position(|part| *part == "{id}").map_or("", |at| parts[at - 1]);
        match before {
            "" => String::new(),
            "tester" if ends => {
                let made = self.world.admin().post("/fieldhook/v1/tester", json!({})).await.expect(201);
                made["id"].as_str().unwrap().to_owned()
            }
            "integrations" | "webhooks" => match (parts[2], ends) {
                ("products", true) => self.world.integration_in(&product, template).await,
                ("products", false) => self.hook.clone(),
                ("orgs", true) => {
                    let mut listed = template;
                    listed["products"] = json!([self.product]);
                    self.world.integration_in(&org, listed).await
                }
                ("orgs", false) => self.org_hook.clone(),
                (_, true) if parts[1] == "v1" => self.world.integration(template).await,
                (_, false) if parts[1] == "v1" => self.own_hook.clone(),
                _ => self.hook.clone(),
            },
            known => self.known(known).to_owned(),
        }
    }

    async fn product(&self, route: &Route) -> String {
        if route.name != "delete_product" {
            return self.product.to_string();
        }
        // One of the same team, to be deleted.
        let base = format!("/v1/orgs/{}/products", self.org);
        let product = json!({"product": {"name": format!("Gone {}", self.world.url()), "platform_id": 12}});
        let made = self.world.admin().post(&base, product).await;
        made.expect(201)["product"]["id"].to_string()
    }

    async fn device(&self, route: &Route) -> String {
        if route.path.contains("{device}") {
            let base = format!("/v1/products/{}/devices", self.product);
            self.world.admin().post(&base, json!({"id": DEVICE})).await.expect(200);
            self.world.admin().post("/v1/devices", json!({"id": DEVICE})).await.expect(200);
        }
        DEVICE.to_owned()
    }

    async fn member(&self, route: &Route) -> String {
        let team = if route.path.starts_with("/v1/orgs") {
            format!("/v1/orgs/{}/team", self.org)
        } else {
            format!("/v1/products/{}/team", self.product)
        };
        let asked = json!({"username": "leaver@example.com", "role": "view-only"});
        // Whoever takes them off makes room for the next.
        let added = self.world.admin().post(&team, asked).await;
        assert!([201, 409].contains(&added.status), "{}", added.status);
        "leaver@example.com".to_owned()
    }

    async fn link(&self) -> (String, String) {
        let path = format!("/fieldhook/v1/integrations/{}/case/links", self.hook);
        let links = self.world.admin().get(&path).await.expect(200);
        for link in links["items"].as_array().unwrap() {
            let path = format!("{path}/{}", link["id"].as_str().unwrap());
            self.world.admin().delete(&path).await.expect(200);
        }
        let made = self.world.admin().post(&path, json!({})).await.expect(201);
        let url = made["url"].as_str().unwrap();
        (made["id"].as_str().unwrap().to_owned(), url.rsplit('/').next().unwrap().to_owned())
    }
}

/// How a caller is answered: refused, or let in, however wrong the rest of the request may be.
async fn asked(caller: &Visitor, route: &Route, path: &str, body: Value) -> &'static str {
    let mut request = caller.request(route.method.clone(), path);
    if route.method != Method::GET {
        request = request.json(&body);
    }
    // A stream that is let in never ends: its status is enough.
    match request.send().await.unwrap().status().as_u16() {
        401 | 403 | 404 => "-",
        status if status < 500 || status == 503 => "+",
        status => panic!("{} {path} answered {status}", route.method),
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_it_is_meant_for() {
    let stage = Stage::set().await;
    let callers = stage.callers().await;
    let names: Vec<_> = callers.iter().map(|(name, _)| *name).collect();
    let mut table = format!("{}\n", names.join(" | "));
    for route in routes() {
        let mut row = format!("{:<42}", route.name);
        for (name, caller) in &callers {
            let ends_oneself = SELF_ENDING.contains(&route.name.as_str());
            let knows = !["nobody", "wrong token", "ended token", "device"].contains(name);
            let answer = if ends_oneself && knows {
                "."
            } else {
                let path = stage.path(&route).await;
                asked(caller, &route, &path, stage.body(&route)).await
            };
            let _ = write!(row, " {answer}");
        }
        table.push_str(row.trim_end());
        table.push('\n');
    }
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/access.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &table).unwrap();
    }
    let meant = fs::read_to_string(&file).unwrap_or_default();
    let differs: Vec<_> = table.lines().filter(|line| !meant.lines().any(|other| other == *line)).collect();
    assert!(table == meant, "these rows are not as access.txt says:\n{}", differs.join("\n"));
}
