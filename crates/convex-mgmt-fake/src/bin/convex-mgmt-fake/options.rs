//! The arguments of the program.

use convex_mgmt_fake::{Addressing, Fake, FakeControlPlane, Knobs, Plan, TokenClass};
use lexopt::prelude::*;

/// What to serve, and at which addresses.
pub(crate) struct Options {
    pub(crate) deployment: Option<(Fake, String)>,
    pub(crate) control_plane: Option<(FakeControlPlane, String)>,
    /// The number of writes per second, and the seed of their sequence.
    pub(crate) writes: Option<(f64, u64)>,
}

/// The arguments as text.
#[derive(Default)]
struct Arguments {
    serve: bool,
    listen: Option<String>,
    deployment: Option<String>,
    admin: Vec<String>,
    read_only: Vec<String>,
    tokens: Vec<String>,
    plan: Option<Plan>,
    knobs: Knobs,
    documents: Option<usize>,
    writes: Option<f64>,
    seed: Option<u64>,
    control_plane: bool,
    control_plane_listen: Option<String>,
    team: Option<String>,
    addressing: Option<Addressing>,
}

/// Reads the arguments. Returns `None` if the help is requested.
pub(crate) fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut all = Arguments::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("listen") => all.listen = Some(parser.value()?.string()?),
            Long("deployment") => all.deployment = Some(parser.value()?.string()?),
            Long("admin-key") => all.admin.push(parser.value()?.string()?),
            Long("read-only-key") => all.read_only.push(parser.value()?.string()?),
            Long("token") => all.tokens.push(parser.value()?.string()?),
            Long("plan") => all.plan = Some(parse_plan(&parser.value()?.string()?)?),
            Long("knob") => set_knob(&mut all.knobs, &parser.value()?.string()?)?,
            Long("seed-documents") => all.documents = Some(parser.value()?.parse()?),
            Long("writes-per-second") => all.writes = Some(parse_rate(&parser.value()?.string()?)?),
            Long("seed") => all.seed = Some(parser.value()?.parse()?),
            Long("control-plane") => all.control_plane = true,
            Long("control-plane-listen") => all.control_plane_listen = Some(parser.value()?.string()?),
            Long("team") => all.team = Some(parser.value()?.string()?),
            Long("addressing") => all.addressing = Some(parse_addressing(&parser.value()?.string()?)?),
            Value(command) if command == "serve" && !all.serve => all.serve = true,
            other => return Err(other.unexpected()),
        }
    }
    if !all.serve {
        return Err("the command `serve` is missing".into());
    }
    let (plane_tokens, tokens): (Vec<_>, Vec<_>) =
        std::mem::take(&mut all.tokens).into_iter().partition(|token| all.control_plane && class_of(token).is_some());
    all.tokens = tokens;
    if all.control_plane && all.deployment.is_none() && !all.tokens.is_empty() {
        return Err("without --deployment, --token must have the form KIND=TEXT".into());
    }
    let control_plane = control_plane(&all, &plane_tokens)?;
    let is_needed = control_plane.is_none() || all.has_deployment_options();
    let writes = all.writes.map(|rate| (rate, all.seed.unwrap_or_default()));
    let deployment = if is_needed { Some(deployment(all)?) } else { None };
    Ok(Some(Options { deployment, control_plane, writes }))
}

impl Arguments {
    fn has_deployment_options(&self) -> bool {
        let lists = [&self.admin, &self.read_only, &self.tokens];
        self.deployment.is_some()
            || self.listen.is_some()
            || self.plan.is_some()
            || self.documents.is_some()
            || self.writes.is_some()
            || self.seed.is_some()
            || lists.iter().any(|list| !list.is_empty())
    }
}

fn deployment(all: Arguments) -> Result<(Fake, String), lexopt::Error> {
    let Arguments { listen, deployment, admin, read_only, tokens, plan, knobs, documents, seed, .. } = all;
    let deployment = deployment.ok_or("--deployment is missing")?;
    if admin.is_empty() {
        return Err("--admin-key is missing".into());
    }
    let mut builder = Fake::builder(deployment.as_str()).knobs(knobs);
    if let Some(plan) = plan {
        builder = builder.plan(plan);
    }
    for key in admin {
        check_key(&key, &deployment, "--admin-key")?;
        builder = builder.admin_key(key);
    }
    for key in read_only {
        check_key(&key, &deployment, "--read-only-key")?;
        builder = builder.read_only_key(key);
    }
    for token in tokens {
        // A key may end in `=`, an action cannot.
        let (key, actions) = token.rsplit_once('=').ok_or("--token must have the form KEY=ACTION,...")?;
        builder = builder.token(key, actions.split(',').filter(|action| !action.is_empty()));
    }
    let fake = builder.build();
    if let Some(documents) = documents {
        fake.seed(documents, seed.unwrap_or_default());
    }
    Ok((fake, listen.unwrap_or_else(|| "127.0.0.1:0".to_owned())))
}

fn control_plane(all: &Arguments, tokens: &[String]) -> Result<Option<(FakeControlPlane, String)>, lexopt::Error> {
    if !all.control_plane {
        let options = [
            ("--control-plane-listen", all.control_plane_listen.is_some()),
            ("--team", all.team.is_some()),
            ("--addressing", all.addressing.is_some()),
        ];
        return match options.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => Err(format!("{option} needs --control-plane").into()),
            None => Ok(None),
        };
    }
    let mut builder = FakeControlPlane::builder(all.team.as_deref().unwrap_or("team")).knobs(all.knobs.clone());
    if let Some(addressing) = all.addressing {
        builder = builder.addressing(addressing);
    }
    let plane = builder.build();
    for (class, text) in tokens.iter().filter_map(|token| class_of(token)) {
        if text.is_empty() {
            return Err(format!("--token {class}= needs a text").into());
        }
        let project = (class == "oauth-project").then(|| project_of(&plane, text));
        let class = TokenClass::parse(class, project).map_err(|error| error.to_string())?;
        plane.add_token(class, text);
    }
    let listen = all.control_plane_listen.clone().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    Ok(Some((plane, listen)))
}

/// Splits `KIND=TEXT`.
fn class_of(token: &str) -> Option<(&str, &str)> {
    let (class, text) = token.split_once('=')?;
    TokenClass::NAMES.contains(&class).then_some((class, text))
}

/// Returns the id of the project that the text of a token names. The project is created if there is none.
fn project_of(plane: &FakeControlPlane, text: &str) -> u64 {
    let prefix = text.split_once('|').map_or("", |(prefix, _)| prefix);
    let slug = prefix.split(':').nth(2).filter(|slug| !slug.is_empty()).unwrap_or("project");
    let existing = plane.projects().into_iter().find(|project| project.name == slug);
    existing.map_or_else(|| plane.add_project(slug), |project| project.id)
}

fn parse_addressing(text: &str) -> Result<Addressing, lexopt::Error> {
    match text {
        "ports" => Ok(Addressing::Ports),
        "hosts" => Ok(Addressing::Hosts),
        _ => Err(format!("--addressing is 'ports' or 'hosts', not '{text}'").into()),
    }
}

fn parse_rate(text: &str) -> Result<f64, lexopt::Error> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| format!("--writes-per-second is a number above 0, not '{text}'").into())
}

fn parse_plan(json: &str) -> Result<Plan, lexopt::Error> {
    serde_json::from_str(json).map_err(|error| format!("invalid --plan: {error}").into())
}

fn set_knob(knobs: &mut Knobs, argument: &str) -> Result<(), lexopt::Error> {
    let (name, value) = argument.split_once('=').ok_or("--knob must have the form NAME=VALUE")?;
    knobs.set(name, value).map_err(|error| format!("--knob: {error}").into())
}

/// Rejects an admin key that does not name the deployment, which would never accept it.
fn check_key(key: &str, deployment: &str, option: &str) -> Result<(), lexopt::Error> {
    match key.split_once('|') {
        Some((name, secret)) if name == deployment && !secret.is_empty() => Ok(()),
        _ => Err(format!("{option} must have the form '{deployment}|SECRET'").into()),
    }
}
