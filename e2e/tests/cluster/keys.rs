//! The cluster's authority, and the certificates of its servers and of those who ask them.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// Signs certificates, and leaves them in a directory.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: PathBuf,
    pub(crate) pem: String,
}

impl Authority {
    /// A new authority, its certificate in `ca.crt`.
    pub(crate) fn new(directory: &Path) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = named("the cluster's authority", None);
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

    /// Where `ca.crt` and what was issued are.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// A server's certificate, which is a client's too: the API server is etcd's client.
    pub(crate) fn server(&self, name: &str, address: &str) {
        let names = vec![address.to_owned()];
        let mut parameters = CertificateParams::new(names).expect("an address");
        parameters.distinguished_name = named(name, None).distinguished_name;
        self.issue(name, parameters);
    }

    /// A client's certificate, from which the API server reads who it is.
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
