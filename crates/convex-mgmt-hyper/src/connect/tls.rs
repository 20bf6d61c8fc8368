//! The settings of TLS with rustls. The crypto provider is always explicit, so a client cannot panic over rustls' process-wide
//! default.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::config::ConfigError;

/// The cryptography library for TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CryptoProvider {
    /// ring. The default if both are built in.
    #[cfg(feature = "tls-ring")]
    Ring,
    /// aws-lc-rs.
    #[cfg(feature = "tls-aws-lc")]
    AwsLc,
}

impl CryptoProvider {
    fn default_of_build() -> Option<Self> {
        let built_in: &[Self] = &[
            #[cfg(feature = "tls-ring")]
            Self::Ring,
            #[cfg(feature = "tls-aws-lc")]
            Self::AwsLc,
        ];
        built_in.first().copied()
    }

    fn rustls(self) -> rustls::crypto::CryptoProvider {
        match self {
            #[cfg(feature = "tls-ring")]
            Self::Ring => rustls::crypto::ring::default_provider(),
            #[cfg(feature = "tls-aws-lc")]
            Self::AwsLc => rustls::crypto::aws_lc_rs::default_provider(),
        }
    }
}

/// The TLS settings of a client.
#[derive(Debug, Default)]
pub(crate) struct TlsSettings {
    pub(crate) provider: Option<CryptoProvider>,
    #[cfg(feature = "native-roots")]
    pub(crate) native_roots: bool,
    /// Additional trusted certificates in PEM.
    pub(crate) extra_roots: Vec<Vec<u8>>,
}

impl TlsSettings {
    pub(crate) fn config(&self) -> Result<ClientConfig, ConfigError> {
        // First, so that unreadable certificates are reported in every build.
        let roots = self.roots()?;
        let provider = self.provider.or_else(CryptoProvider::default_of_build).ok_or(ConfigError::NoCryptoProvider)?;
        let config = ClientConfig::builder_with_provider(Arc::new(provider.rustls()))
            .with_safe_default_protocol_versions()
            .map_err(|_| ConfigError::NoCryptoProvider)?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }

    fn roots(&self) -> Result<RootCertStore, ConfigError> {
        let mut roots = RootCertStore::empty();
        for (index, pem) in self.extra_roots.iter().enumerate() {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| ConfigError::RootCertificate { index })?;
                roots.add(certificate).map_err(|_| ConfigError::RootCertificate { index })?;
            }
            if roots.len() == before {
                return Err(ConfigError::RootCertificate { index });
            }
        }
        if !self.add_native_roots(&mut roots)? {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Ok(roots)
    }

    #[cfg(feature = "native-roots")]
    fn add_native_roots(&self, roots: &mut RootCertStore) -> Result<bool, ConfigError> {
        if !self.native_roots {
            return Ok(false);
        }
        // Unreadable certificates of the platform are skipped.
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 { Err(ConfigError::NoNativeRoots) } else { Ok(true) }
    }

    #[cfg(not(feature = "native-roots"))]
    #[allow(clippy::unnecessary_wraps, reason = "the same signature as with the feature")]
    fn add_native_roots(&self, _roots: &mut RootCertStore) -> Result<bool, ConfigError> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An authority made for this test.
    const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----
MIIBjjCCATOgAwIBAgIUVh4kSUNa0C7E8upvGt84hK3FI0owCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQQSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjYwNzAyMDZaGA8y
MTI2MTEwMjA3MDIwNlowGzEZMBcGA1UEAwwQQSB0ZXN0IGF1dGhvcml0eTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABJODGxlhsSovau/XkrfpXMXXkZThshFSiagu
xxQZ+fOROejdjawySefg0oONkliAC+MY/8GvpnTBPMWb6+7vO4CjUzBRMB0GA1Ud
DgQWBBQj1RsnhNSPkQTecpGIKeWGFZSB0jAfBgNVHSMEGDAWgBQj1RsnhNSPkQTe
cpGIKeWGFZSB0jAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDh
c208F+nWqeZQjkcMB/Ohf0fEkHMO/mAQ74LO76RKKgIhAOBOm4/drYbkf4KNQR7o
HscGVXaPNI7Y8yzoJSukn/n1
-----END CERTIFICATE-----
";

    /// Counts the trusted authorities whose name contains `name`.
    fn trusted(settings: &TlsSettings, name: &str) -> usize {
        let is_in = |subject: &[u8]| subject.windows(name.len()).any(|part| part == name.as_bytes());
        settings.roots().unwrap().roots.iter().filter(|root| is_in(root.subject.as_ref())).count()
    }

    /// Tests cannot reach a server with a certificate of a public authority, so this one inspects the store.
    #[test]
    fn trusts_public_authorities_and_additional_ones() {
        let default = TlsSettings::default();
        let with_one = TlsSettings { extra_roots: vec![AUTHORITY.into()], ..TlsSettings::default() };
        for settings in [&default, &with_one] {
            // Let's Encrypt, Google and Amazon, each with a root that is valid for years.
            for public in ["ISRG Root X1", "GTS Root R1", "Amazon Root CA 1"] {
                assert_eq!(trusted(settings, public), 1, "{public}");
            }
        }
        assert_eq!(trusted(&default, "A test authority"), 0);
        assert_eq!(trusted(&with_one, "A test authority"), 1);
        assert_eq!(with_one.roots().unwrap().len(), default.roots().unwrap().len() + 1);
    }
}
