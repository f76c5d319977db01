//! What to do about a step that failed, the most likely cause first. What failed exactly is told by the driver's error.

use super::Step;

/// The advice for a step.
pub(super) fn steps(step: Step) -> &'static [&'static str] {
    match step {
        Step::Options => &[
            "correct the option that the message names; `redshift-adbc --help` shows how options are given",
            "`redshift-adbc profiles` lists the profiles that can be named",
        ],
        Step::Aws => &[
            "do what the message says; allow the action it names in the IAM policy of the identity it names",
            "check that region, cluster or workgroup, and account are those of the target",
            "check the clock of this machine: AWS refuses signatures that are five minutes off",
            "behind a proxy, set HTTPS_PROXY, or the option aws.proxy_url",
        ],
        Step::Dns => &[
            "check the spelling of the host name; the console shows the endpoint of the cluster or workgroup",
            "connect the VPN, if the name is known only there",
            "through a tunnel, put its address into target.connect_host and leave target.host as it is",
        ],
        Step::Port => &[
            "check host and port; 5439 is the usual port",
            "allow this machine's address in the security group of the cluster or workgroup",
            "make the cluster publicly accessible, or use a VPN or a tunnel with target.connect_host",
            "resume the cluster if it is paused",
        ],
        Step::Tls => &[
            "check the clock of this machine: certificates have a first and a last day",
            "through a tunnel or an alias, keep the cluster's own name in target.host and put the address into \
             target.connect_host",
            "behind a proxy that has a certificate authority of its own, name its file in tls.root_cert",
            "check that the port is the database's",
        ],
        Step::Login => &[
            "check user, password and database; the server does not tell which of them is wrong",
            "with IAM, create the database user, or set iam.auto_create=true",
            "check that the database exists and that the user may connect to it",
        ],
        Step::Query => &["try again; the server accepted the login and then did not answer the query"],
        Step::Clock => &["set the clock of this machine, best by a time service"],
    }
}
