//! Scripted misbehaviour: throttling, outages, delays, a wrong clock, denials, a missing or paused cluster.
//!
//! Owns which fault strikes which operation how often; the services ask and act. The invariant: a fault strikes
//! at most as often as it says, and none strikes unasked.

use std::time::Duration;

use super::failure::{Common, Failure};
use super::route::Service;

/// Misbehaviour to inject with [`AwsSide::inject`](super::AwsSide::inject): of every operation and for ever,
/// unless [`on`](Fault::on) and [`times`](Fault::times) say otherwise.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: Kind,
    operation: Option<String>,
    remaining: Option<u32>,
}

#[derive(Clone, Debug)]
enum Kind {
    Clock(i64),
    ClusterNotFound,
    ClusterPaused,
    Delay(Duration),
    Deny { action: String, resource: String },
    Error { status: u16, code: String, message: String },
    ExpiredToken,
    Internal,
    Reset,
    Throttle,
}

impl Fault {
    /// The throttling error of the service called.
    pub fn throttle() -> Self {
        Self::of(Kind::Throttle)
    }

    /// A 500 of the service called.
    pub fn internal_error() -> Self {
        Self::of(Kind::Internal)
    }

    /// Answer later.
    pub fn delay(delay: Duration) -> Self {
        Self::of(Kind::Delay(delay))
    }

    /// Close the connection without an answer.
    pub fn reset() -> Self {
        Self::of(Kind::Reset)
    }

    /// A clock that is wrong by this many seconds: for signatures and the `Date` header.
    pub fn clock(skew_seconds: i64) -> Self {
        Self::of(Kind::Clock(skew_seconds))
    }

    /// Deny an IAM action (`redshift:JoinGroup`) with the words of AWS.
    pub fn deny(action: &str) -> Self {
        Self::deny_on(action, "")
    }

    /// Deny an IAM action where the resource's ARN contains a text (`:dbname:`).
    pub fn deny_on(action: &str, resource: &str) -> Self {
        Self::of(Kind::Deny { action: action.to_owned(), resource: resource.to_owned() })
    }

    /// The cluster or workgroup does not exist.
    pub fn cluster_not_found() -> Self {
        Self::of(Kind::ClusterNotFound)
    }

    /// The cluster is paused or the workgroup not ready: it has no endpoint.
    pub fn cluster_paused() -> Self {
        Self::of(Kind::ClusterPaused)
    }

    /// The session token of the caller has expired.
    pub fn expired_token() -> Self {
        Self::of(Kind::ExpiredToken)
    }

    /// Any error.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::of(Kind::Error { status, code: code.to_owned(), message: message.to_owned() })
    }

    /// Strike this operation only (`GetRoleCredentials`).
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Strike this often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.remaining = Some(times);
        self
    }

    fn of(kind: Kind) -> Self {
        Self { kind, operation: None, remaining: None }
    }
}

/// What strikes before a service sees the call.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    pub(crate) delay: Duration,
    pub(crate) reset: bool,
    pub(crate) skew_seconds: i64,
    pub(crate) failure: Option<Failure>,
}

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What strikes a call before its service sees it. Takes one stroke off each fault that does.
    pub(crate) fn strike(&mut self, service: Service, operation: &str) -> Strike {
        let mut strike = Strike::default();
        self.each(operation, |kind| {
            let failure = match kind {
                Kind::Delay(delay) => {
                    strike.delay += *delay;
                    return true;
                }
                Kind::Clock(seconds) => {
                    strike.skew_seconds += seconds;
                    return true;
                }
                Kind::Reset => {
                    strike.reset = true;
                    return true;
                }
                _ if strike.failure.is_some() => return false,
                Kind::Throttle => Failure::common(service, Common::Throttled),
                Kind::Internal => Failure::common(service, Common::Internal),
                Kind::ExpiredToken => Failure::common(service, Common::ExpiredToken),
                Kind::Error { status, code, message } => Failure::new(*status, code, message.clone()),
                Kind::ClusterNotFound | Kind::ClusterPaused | Kind::Deny { .. } => return false,
            };
            strike.failure = Some(failure);
            true
        });
        strike
    }

    /// Whether the cluster or workgroup is to be missing in this operation.
    pub(crate) fn cluster_not_found(&mut self, operation: &str) -> bool {
        self.any(operation, |kind| matches!(kind, Kind::ClusterNotFound))
    }

    /// Whether the cluster or workgroup is to have no endpoint in this operation.
    pub(crate) fn cluster_paused(&mut self, operation: &str) -> bool {
        self.any(operation, |kind| matches!(kind, Kind::ClusterPaused))
    }

    /// Whether an action on a resource is to be denied in this operation.
    pub(crate) fn denies(&mut self, operation: &str, wanted: &str, on: &str) -> bool {
        self.any(operation, |kind| match kind {
            Kind::Deny { action, resource } => action == wanted && on.contains(resource.as_str()),
            _ => false,
        })
    }

    fn any(&mut self, operation: &str, matches: impl Fn(&Kind) -> bool) -> bool {
        let mut found = false;
        self.each(operation, |kind| {
            let strikes = !found && matches(kind);
            found |= strikes;
            strikes
        });
        found
    }

    fn each(&mut self, operation: &str, mut strikes: impl FnMut(&Kind) -> bool) {
        for fault in &mut self.0 {
            let here = fault.operation.as_deref().is_none_or(|wanted| wanted == operation);
            if here && fault.remaining != Some(0) && strikes(&fault.kind) {
                fault.remaining = fault.remaining.map(|times| times.saturating_sub(1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_its_operation_as_often_as_it_says() {
        let mut faults = Faults::default();
        faults.add(Fault::throttle().on("GetCredentials").times(2));
        let codes: Vec<_> = ["GetWorkgroup", "GetCredentials", "GetCredentials", "GetCredentials"]
            .map(|operation| {
                faults.strike(Service::Serverless, operation).failure.map(|failure| failure.code)
            })
            .into();
        let throttled = Some("ThrottlingException".to_owned());
        assert_eq!(codes, [None, throttled.clone(), throttled, None]);
    }

    #[test]
    fn a_denial_reaches_the_action_and_resource_named() {
        let mut faults = Faults::default();
        faults.add(Fault::deny_on("redshift:GetClusterCredentials", ":dbname:"));
        assert!(!faults.denies("X", "redshift:GetClusterCredentials", "arn:aws:redshift:r:1:dbuser:c/u"));
        assert!(!faults.denies("X", "redshift:JoinGroup", "arn:aws:redshift:r:1:dbname:c/d"));
        assert!(faults.denies("X", "redshift:GetClusterCredentials", "arn:aws:redshift:r:1:dbname:c/d"));
    }

    #[test]
    fn delay_and_failure_strike_together() {
        let mut faults = Faults::default();
        faults.add(Fault::delay(Duration::from_millis(5)));
        faults.add(Fault::internal_error());
        let strike = faults.strike(Service::Redshift, "DescribeClusters");
        assert_eq!(strike.delay, Duration::from_millis(5));
        assert_eq!(strike.failure.map(|failure| failure.status), Some(500));
    }
}
