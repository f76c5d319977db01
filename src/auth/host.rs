//! What a standard Redshift host name says about its target.
//!
//! It does not resolve names. Invariant: suffixes are matched as whole labels, so a look-alike domain yields nothing.

/// The parts found in a standard host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostName {
    /// `<cluster>.<hash>.<region>.redshift.amazonaws.com`.
    Cluster { cluster_identifier: String, region: String },
    /// `<workgroup>.<account>.<region>.redshift-serverless.amazonaws.com`; old names lack the workgroup.
    Workgroup { workgroup: Option<String>, account_id: String, region: String },
    /// A custom domain, a load balancer, a tunnel, an address.
    Other,
}

impl HostName {
    pub(super) fn parse(host: &str) -> Self {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let Some(rest) =
            host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))
        else {
            return Self::Other;
        };
        let labels: Vec<&str> = rest.split('.').collect();
        match labels.as_slice() {
            [cluster, _, region, "redshift" | "redshift-dev"] if is_region(region) => {
                Self::Cluster { cluster_identifier: (*cluster).into(), region: (*region).into() }
            }
            [workgroup, account, region, "redshift-serverless" | "redshift-serverless-dev"]
                if is_account_id(account) && is_region(region) =>
            {
                Self::workgroup(Some(workgroup), account, region)
            }
            [account, region, "redshift-serverless" | "redshift-serverless-dev"]
                if is_account_id(account) && is_region(region) =>
            {
                Self::workgroup(None, account, region)
            }
            _ => Self::Other,
        }
    }

    fn workgroup(label: Option<&&str>, account: &str, region: &str) -> Self {
        // `<endpoint>-endpoint-<id>` names a VPC endpoint of a workgroup, and does not say which workgroup.
        let workgroup = label.filter(|label| !label.contains("-endpoint-")).map(|label| (*label).to_owned());
        Self::Workgroup { workgroup, account_id: account.into(), region: region.into() }
    }

    pub(super) fn region(&self) -> Option<&str> {
        match self {
            Self::Cluster { region, .. } | Self::Workgroup { region, .. } => Some(region),
            Self::Other => None,
        }
    }
}

/// `us-east-1`, `us-gov-west-1`, `cn-north-1`: what may become part of an AWS host name.
pub(super) fn is_region(text: &str) -> bool {
    let labels: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = labels.split_last() else { return false };
    let Some((area, rest)) = words.split_first() else { return false };
    (2..=3).contains(&area.len())
        && !rest.is_empty()
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// An AWS account id: 12 digits.
pub(super) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(cluster: &str, region: &str) -> HostName {
        HostName::Cluster { cluster_identifier: cluster.into(), region: region.into() }
    }

    fn workgroup(workgroup: Option<&str>, region: &str) -> HostName {
        HostName::Workgroup {
            workgroup: workgroup.map(Into::into),
            account_id: "123456789012".into(),
            region: region.into(),
        }
    }

    #[test]
    fn standard_names_yield_their_parts() {
        for (host, expected) in [
            ("c1.abc123.us-east-1.redshift.amazonaws.com", cluster("c1", "us-east-1")),
            ("C1.abc123.cn-north-1.redshift.amazonaws.com.cn", cluster("c1", "cn-north-1")),
            ("c1.abc.us-gov-west-1.redshift-dev.amazonaws.com.", cluster("c1", "us-gov-west-1")),
            (
                "wg.123456789012.eu-west-1.redshift-serverless.amazonaws.com",
                workgroup(Some("wg"), "eu-west-1"),
            ),
            ("123456789012.eu-west-1.redshift-serverless.amazonaws.com", workgroup(None, "eu-west-1")),
            (
                "ep-endpoint-xyz.123456789012.eu-west-1.redshift-serverless.amazonaws.com",
                workgroup(None, "eu-west-1"),
            ),
        ] {
            assert_eq!(HostName::parse(host), expected, "{host}");
        }
    }

    #[test]
    fn other_names_yield_nothing() {
        for host in [
            "dwh.example.com",
            "127.0.0.1",
            "",
            "nlb.elb.us-east-1.amazonaws.com",
            "c1.abc.us-east-1.redshift.amazonaws.com.evil.example",
            "c1.abc.us-east-1.xredshift.amazonaws.com",
            "c1.abc.nowhere.redshift.amazonaws.com",
            "wg.123.us-east-1.redshift-serverless.amazonaws.com",
        ] {
            assert_eq!(HostName::parse(host), HostName::Other, "{host}");
        }
    }

    #[test]
    fn regions_that_could_change_a_host_name_are_refused() {
        for region in ["us-east-1", "ap-southeast-12", "us-iso-east-1"] {
            assert!(is_region(region), "{region}");
        }
        for region in
            ["", "us", "us-east", "us-1", "us-east-1.evil.example", "US-EAST-1", "us--1", "us-east-1/"]
        {
            assert!(!is_region(region), "{region}");
        }
    }
}
