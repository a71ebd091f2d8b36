//! Issues the rendered Certificates, as cert-manager does.

use std::path::Path;

use manifest::Object;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::Value;

/// Returns the directory of a Secret's files.
pub(crate) fn directory(root: &Path, secret: &str) -> std::path::PathBuf {
    root.join("secret").join(secret)
}

/// Writes `tls.crt`, `tls.key` and `ca.crt` of every Certificate. The only CA signs itself and all others.
/// Server certificates are also valid for `addresses`, because Service names do not resolve here.
pub(crate) fn issue(objects: &[Object], root: &Path, addresses: &[String]) {
    let certificates = || objects.iter().filter(|it| it.kind() == "Certificate");
    let is_authority = |it: &&Object| it.value["spec"]["isCA"] == true;
    let mut authorities = certificates().filter(is_authority);
    let authority = authorities.next().expect("an authority");
    assert!(authorities.next().is_none(), "one authority");

    let key = KeyPair::generate().expect("a key");
    let parameters = parameters(authority, &[]);
    let authority_pem = parameters.self_signed(&key).expect("a certificate").pem();
    let issuer = Issuer::new(parameters, key);
    for certificate in certificates().filter(|it| !is_authority(it)) {
        let issuer_name = &certificate.value["spec"]["issuerRef"]["name"];
        let issued = objects.iter().any(|it| {
            it.kind() == "Issuer"
                && it.name() == issuer_name
                && it.namespace() == certificate.namespace()
                && it.value["spec"]["ca"]["secretName"] == authority.value["spec"]["secretName"]
        });
        assert!(issued, "{} has no issuer", certificate.name());
        let key = KeyPair::generate().expect("a key");
        let parameters = self::parameters(certificate, addresses);
        let pem = parameters
            .signed_by(&key, &issuer)
            .expect("a certificate")
            .pem();
        let secret = text(certificate, "secretName");
        write(&directory(root, secret), &pem, &key, &authority_pem);
    }
}

/// Issues a client certificate from an untrusted CA, with the certificate of the real CA beside it.
pub(crate) fn forge(objects: &[Object], root: &Path, like: &str, secret: &str) {
    let authority = KeyPair::generate().expect("a key");
    let of = |name: &str| {
        let mut certificates = objects.iter().filter(|it| it.kind() == "Certificate");
        certificates
            .find(|it| it.name() == name)
            .expect("a Certificate")
    };
    let issuer = Issuer::new(parameters(of("kare-dns-ca"), &[]), authority);
    let key = KeyPair::generate().expect("a key");
    let certificate = parameters(of(like), &[]).signed_by(&key, &issuer);
    let trusted = std::fs::read_to_string(directory(root, like).join("ca.crt"));
    let pem = certificate.expect("a certificate").pem();
    write(
        &directory(root, secret),
        &pem,
        &key,
        &trusted.expect("the authority's"),
    );
}

fn parameters(certificate: &Object, addresses: &[String]) -> CertificateParams {
    let spec = &certificate.value["spec"];
    let list = |field: &str| -> Vec<String> {
        let items = spec[field].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let usages = list("usages");
    let mut names = list("dnsNames");
    if usages.iter().any(|usage| usage == "server auth") {
        names.extend(addresses.iter().cloned());
    }
    let mut parameters = CertificateParams::new(names).expect("names");
    let common_name = text(certificate, "commonName");
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    if spec["isCA"] == true {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
    }
    for usage in usages {
        match usage.as_str() {
            "digital signature" => parameters
                .key_usages
                .push(KeyUsagePurpose::DigitalSignature),
            "server auth" => {
                let purpose = ExtendedKeyUsagePurpose::ServerAuth;
                parameters.extended_key_usages.push(purpose);
            }
            "client auth" => {
                let purpose = ExtendedKeyUsagePurpose::ClientAuth;
                parameters.extended_key_usages.push(purpose);
            }
            other => panic!("unsupported usage `{other}`"),
        }
    }
    parameters
}

fn text<'a>(certificate: &'a Object, field: &str) -> &'a str {
    let value = certificate.value["spec"][field].as_str();
    value.unwrap_or_else(|| panic!("{} has no {field}", certificate.name()))
}

fn write(directory: &Path, certificate: &str, key: &KeyPair, authority: &str) {
    std::fs::create_dir_all(directory).expect("a directory");
    let file = |name: &str, text: &str| {
        std::fs::write(directory.join(name), text).expect("a file");
    };
    file("tls.crt", certificate);
    file("tls.key", &key.serialize_pem());
    file("ca.crt", authority);
}
