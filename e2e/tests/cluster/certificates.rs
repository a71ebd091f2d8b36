//! The certificate authority of a cluster and its certificates.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// A certificate authority, and the directory of its certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: PathBuf,
    pub(crate) pem: String,
}

impl Authority {
    /// Creates an authority and writes its certificate to `ca.crt`.
    pub(crate) fn new(directory: &Path) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = named("e2e certificate authority", None);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        std::fs::write(directory.join("ca.crt"), &pem).expect("a file");
        Self {
            issuer: Issuer::new(parameters, key),
            directory: directory.to_owned(),
            pem,
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the path of `ca.crt` or of an issued certificate.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// Returns a command-line option whose value is such a path.
    pub(crate) fn flag(&self, name: &str, file: &str) -> String {
        format!("{name}={}", self.path(file).display())
    }

    /// Issues a certificate for servers and clients: the API server is also a client of etcd.
    pub(crate) fn server(&self, name: &str, address: &str) {
        let names = vec![address.to_owned()];
        let mut parameters = CertificateParams::new(names).expect("an address");
        parameters.distinguished_name = named(name, None).distinguished_name;
        self.issue(name, parameters);
    }

    /// Issues a client certificate for a user and a group.
    pub(crate) fn client(&self, file: &str, user: &str, group: Option<&str>) {
        self.issue(file, named(user, group));
    }

    /// Writes `<file>.crt` and `<file>.key`.
    fn issue(&self, file: &str, mut parameters: CertificateParams) {
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer);
        let pem = certificate.expect("a certificate").pem();
        std::fs::write(self.path(&format!("{file}.crt")), pem).expect("a file");
        let key = key.serialize_pem();
        std::fs::write(self.path(&format!("{file}.key")), key).expect("a file");
    }
}

fn named(name: &str, group: Option<&str>) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    let subject = &mut parameters.distinguished_name;
    subject.push(DnType::CommonName, name);
    if let Some(group) = group {
        subject.push(DnType::OrganizationName, group);
    }
    parameters
}
