//! Amazon Redshift: the query protocol's operations that drivers call to log in and to find the endpoint.
//!
//! Owns their checks, IAM actions and XML. Does not verify signatures and keeps no credential itself. The
//! invariant: a credential is issued only after every IAM action that its parameters need was allowed.

use std::time::SystemTime;

use jiff::Timestamp;

use super::credentials::{Issued, Target};
use super::failure::{Common, Failure};
use super::http::{Fields, Reply, element};
use super::identity::Principal;
use super::route::Service;
use super::server::Turn;
use super::world::{World, duration_within};
use super::{random, time};

const SERVICE: Service = Service::Redshift;

/// Answers one operation.
pub(crate) fn answer(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<Reply, Failure> {
    let result = match turn.call.operation.as_str() {
        "GetClusterCredentials" => credentials(world, turn, principal)?,
        "GetClusterCredentialsWithIAM" => credentials_with_iam(world, turn, principal)?,
        "DescribeClusters" => describe_clusters(world, turn, principal)?,
        "DescribeAuthenticationProfiles" => describe_authentication_profiles(world, turn, principal)?,
        "DescribeCustomDomainAssociations" => describe_custom_domains(world, turn, principal)?,
        other => {
            let message = format!("Could not find operation {other} for version 2012-12-01");
            return Err(Failure::common(SERVICE, Common::UnknownOperation(message)));
        }
    };
    Ok(xml_reply(SERVICE, turn, &result))
}

/// The envelope of a success in the query protocol.
pub(crate) fn xml_reply(service: Service, turn: &Turn<'_>, result: &str) -> Reply {
    let operation = &turn.call.operation;
    let body = format!(
        "<{operation}Response xmlns=\"{}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata>{}</ResponseMetadata></{operation}Response>",
        service.namespace(),
        element("RequestId", turn.request_id),
    );
    Reply::new(200, "text/xml", body)
}

/// The parameters of `GetClusterCredentials`, checked.
struct Wanted {
    user: String,
    database: Option<String>,
    groups: Vec<String>,
    auto_create: bool,
}

impl Wanted {
    fn read(fields: &Fields) -> Result<Self, Failure> {
        let user = fields.text("DbUser").ok_or_else(|| missing("DbUser"))?.to_owned();
        if !is_identifier(&user) || user.eq_ignore_ascii_case("public") {
            return Err(invalid(format!("The parameter DbUser is not a valid identifier: {user}")));
        }
        let groups = fields.list("DbGroups.DbGroup");
        let wrong = |group: &&String| !is_identifier(group) || **group != group.to_lowercase();
        if let Some(group) = groups.iter().find(wrong) {
            return Err(invalid(format!("The parameter DbGroups holds an invalid name: {group}")));
        }
        let auto_create = match fields.text("AutoCreate") {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                let message = format!("AutoCreate must be true or false, not {other}");
                return Err(Failure::new(400, "MalformedInput", message));
            }
        };
        Ok(Self { user, database: fields.text("DbName").map(str::to_owned), groups, auto_create })
    }

    /// The IAM actions that the call needs, each with its resource.
    fn needs(&self, cluster: &str) -> Vec<(&'static str, String)> {
        let user = format!("dbuser:{cluster}/{}", self.user);
        let mut needs = vec![("redshift:GetClusterCredentials", user.clone())];
        if let Some(database) = &self.database {
            needs.push(("redshift:GetClusterCredentials", format!("dbname:{cluster}/{database}")));
        }
        if self.auto_create {
            needs.push(("redshift:CreateClusterUser", user));
        }
        let group = |group| ("redshift:JoinGroup", format!("dbgroup:{cluster}/{group}"));
        needs.extend(self.groups.iter().map(group));
        needs
    }
}

fn credentials(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<String, Failure> {
    let wanted = Wanted::read(&turn.call.fields)?;
    let (expires_at, store_until) = life(world, turn)?;
    let cluster = cluster(world, turn, principal)?;
    for (action, resource) in wanted.needs(&cluster) {
        let resource = world.arn("redshift", &resource);
        let allowed = world.authorize(&turn.call.operation, principal, action, &resource);
        allowed.map_err(|why| Failure::common(SERVICE, why))?;
    }
    let issued = Issued {
        user: issued_user(&wanted.user, wanted.auto_create, &wanted.groups),
        database_user: wanted.user,
        password: random::database_password(),
        expires_at: store_until,
        database: wanted.database,
        groups: wanted.groups,
        auto_create: wanted.auto_create,
        target: Target::Cluster(cluster),
    };
    Ok(issue(world, issued, expires_at, None))
}

/// `IAM:alice`; `IAMA:alice` with auto-create, and `IAMA:alice:group` if groups are joined too. The client has to
/// send back exactly this.
fn issued_user(user: &str, auto_create: bool, groups: &[String]) -> String {
    match (auto_create, groups) {
        (false, _) => format!("IAM:{user}"),
        (true, []) => format!("IAMA:{user}"),
        (true, groups) => format!("IAMA:{user}:{}", groups.join(",")),
    }
}

fn credentials_with_iam(
    world: &mut World,
    turn: &Turn<'_>,
    principal: &Principal,
) -> Result<String, Failure> {
    let life = life(world, turn)?;
    let cluster = cluster(world, turn, principal)?;
    let database = turn.call.fields.text("DbName");
    let resource = world.arn("redshift", &format!("dbname:{cluster}/{}", database.unwrap_or("*")));
    world
        .authorize(&turn.call.operation, principal, "redshift:GetClusterCredentialsWithIAM", &resource)
        .map_err(|why| Failure::common(SERVICE, why))?;
    let issued = identity_credential(principal, database, life.1, Target::Cluster(cluster));
    Ok(issue(world, issued, life.0, Some(life.0)))
}

/// A credential for the database user that stands for the caller; the user is created when first seen.
pub(crate) fn identity_credential(
    principal: &Principal,
    database: Option<&str>,
    expires_at: SystemTime,
    target: Target,
) -> Issued {
    Issued {
        user: principal.database_user(),
        database_user: principal.database_user(),
        password: random::database_password(),
        expires_at,
        database: database.map(str::to_owned),
        groups: Vec::new(),
        auto_create: true,
        target,
    }
}

fn issue(world: &World, issued: Issued, expires_at: Timestamp, refresh_at: Option<Timestamp>) -> String {
    let mut result = element("DbUser", &issued.user)
        + &element("DbPassword", &issued.password)
        + &element("Expiration", &time::extended(expires_at));
    if let Some(refresh_at) = refresh_at {
        result += &element("NextRefreshTime", &time::extended(refresh_at));
    }
    world.config.credentials.issue(issued);
    result
}

/// The end of the credential, on the API's clock and on the machine's.
fn life(world: &World, turn: &Turn<'_>) -> Result<(Timestamp, SystemTime), Failure> {
    let asked = duration_within(turn.call.fields.text("DurationSeconds"), (900, 3600), 900)
        .map_err(|_| invalid("Token duration must be between 900 and 3600 seconds".to_owned()))?;
    let life = world.config.lives.database_credentials.unwrap_or(asked);
    Ok((time::after(turn.now, life), SystemTime::now() + life))
}

/// The cluster meant by `ClusterIdentifier` or `CustomDomainName`, if the caller's account owns it.
fn cluster(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<String, Failure> {
    let fields = &turn.call.fields;
    let config = &world.config;
    let (asked, known) = match (fields.text("ClusterIdentifier"), fields.text("CustomDomainName")) {
        (Some(identifier), _) => (identifier, identifier == config.cluster_identifier),
        (None, Some(domain)) => (domain, config.custom_domain_name.as_deref() == Some(domain)),
        (None, None) => return Err(missing("ClusterIdentifier")),
    };
    let own = principal.account_id() == config.account_id;
    let found = (known && own).then(|| config.cluster_identifier.clone());
    if world.faults.cluster_not_found(&turn.call.operation) {
        return Err(not_found(asked));
    }
    found.ok_or_else(|| not_found(asked))
}

fn describe_clusters(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<String, Failure> {
    let asked = turn.call.fields.text("ClusterIdentifier");
    let resource = world.arn("redshift", &format!("cluster:{}", asked.unwrap_or("*")));
    world
        .authorize(&turn.call.operation, principal, "redshift:DescribeClusters", &resource)
        .map_err(|why| Failure::common(SERVICE, why))?;
    if asked.is_none() && principal.account_id() != world.config.account_id {
        return Ok("<Clusters></Clusters>".to_owned());
    }
    if asked.is_some() {
        cluster(world, turn, principal)?;
    }
    let paused = world.faults.cluster_paused(&turn.call.operation);
    Ok(format!("<Clusters>{}</Clusters>", cluster_element(world, paused)))
}

/// A cluster without endpoint is what the API shows before it is created and while it is paused.
fn cluster_element(world: &World, paused: bool) -> String {
    let config = &world.config;
    let endpoint = if paused {
        String::new()
    } else {
        let fields =
            element("Address", &config.cluster_host) + &element("Port", &config.cluster_port.to_string());
        format!("<Endpoint>{fields}</Endpoint>")
    };
    let domain = config.custom_domain_name.as_deref().map(|name| element("CustomDomainName", name));
    let fields = [
        element("ClusterIdentifier", &config.cluster_identifier),
        element("NodeType", "ra3.large"),
        element("ClusterStatus", if paused { "paused" } else { "available" }),
        element("ClusterAvailabilityStatus", if paused { "Unavailable" } else { "Available" }),
        element("MasterUsername", "awsuser"),
        element("DBName", &config.database),
        endpoint,
        domain.unwrap_or_default(),
        element("NumberOfNodes", "1"),
        element("PubliclyAccessible", "false"),
        element("Encrypted", "true"),
    ];
    format!("<Cluster>{}</Cluster>", fields.concat())
}

fn describe_custom_domains(
    world: &mut World,
    turn: &Turn<'_>,
    principal: &Principal,
) -> Result<String, Failure> {
    let resource = world.arn("redshift", &format!("cluster:{}", world.config.cluster_identifier));
    world
        .authorize(&turn.call.operation, principal, "redshift:DescribeCustomDomainAssociations", &resource)
        .map_err(|why| Failure::common(SERVICE, why))?;
    let asked = turn.call.fields.text("CustomDomainName");
    let known = world.config.custom_domain_name.as_deref();
    let Some(name) = known.filter(|known| asked.is_none_or(|asked| asked == *known)) else {
        let message = format!("The custom domain name {} is not associated.", asked.unwrap_or("(none)"));
        return Err(Failure::new(404, "CustomDomainAssociationNotFoundFault", message));
    };
    let association =
        element("CustomDomainName", name) + &element("ClusterIdentifier", &world.config.cluster_identifier);
    Ok(format!(
        "<Associations><Association><CertificateAssociations><CertificateAssociation>{association}\
         </CertificateAssociation></CertificateAssociations></Association></Associations>"
    ))
}

fn describe_authentication_profiles(
    world: &mut World,
    turn: &Turn<'_>,
    principal: &Principal,
) -> Result<String, Failure> {
    let asked = turn.call.fields.text("AuthenticationProfileName");
    let resource = world.arn("redshift", &format!("authenticationprofile:{}", asked.unwrap_or("*")));
    world
        .authorize(&turn.call.operation, principal, "redshift:DescribeAuthenticationProfiles", &resource)
        .map_err(|why| Failure::common(SERVICE, why))?;
    let found: Vec<_> = world
        .authentication_profiles
        .iter()
        .filter(|(name, _)| asked.is_none_or(|asked| asked == name.as_str()))
        .collect();
    if let (Some(asked), true) = (asked, found.is_empty()) {
        let message = format!("Authentication profile {asked} not found.");
        return Err(Failure::new(404, "AuthenticationProfileNotFoundFault", message));
    }
    let member = |(name, content): (&String, &String)| {
        let fields =
            element("AuthenticationProfileName", name) + &element("AuthenticationProfileContent", content);
        format!("<member>{fields}</member>")
    };
    let members: String = found.into_iter().map(member).collect();
    Ok(format!("<AuthenticationProfiles>{members}</AuthenticationProfiles>"))
}

/// 1 to 64 letters, digits and `_+.@-`, a letter first.
fn is_identifier(text: &str) -> bool {
    let rest = |letter: char| letter.is_ascii_alphanumeric() || "_+.@-".contains(letter);
    text.len() <= 64 && text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.chars().all(rest)
}

fn missing(name: &str) -> Failure {
    Failure::new(400, "MissingParameter", format!("The request must contain the parameter {name}."))
}

fn invalid(message: String) -> Failure {
    Failure::new(400, "InvalidParameterValue", message)
}

fn not_found(asked: &str) -> Failure {
    Failure::new(404, "ClusterNotFound", format!("Cluster {asked} not found."))
}
