//! Who asks, and for what.

use crate::secret::Secret;

/// How to prove who asks; see the Identity API v3, "Authentication and token management".
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Auth {
    /// A user's name and password.
    Password {
        /// The user.
        user: User,
        /// The user's password.
        password: Secret,
        /// What the token is for.
        scope: Scope,
    },
    /// An application credential; its scope is the project it was made in.
    ApplicationCredential {
        /// Which one.
        credential: Credential,
        /// Its secret.
        secret: Secret,
    },
    /// A token from somewhere else. It can't be renewed past its own end.
    Token {
        /// The token.
        token: Secret,
        /// What the new token is for.
        scope: Scope,
    },
}

/// Which application credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// By its id.
    Id(String),
    /// By its name, which is unique for one user.
    Name {
        /// The name.
        name: String,
        /// The user who made it.
        user: User,
    },
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum User {
    /// By id.
    Id(String),
    /// By name, unique in a domain.
    Name {
        /// The name.
        name: String,
        /// Where it is unique.
        domain: Domain,
    },
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Domain {
    /// By id.
    Id(String),
    /// By name.
    Name(String),
}

impl Default for Domain {
    /// The domain of the id `default`, which every Keystone is born with.
    fn default() -> Domain {
        Domain::Id("default".to_owned())
    }
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Project {
    /// By id.
    Id(String),
    /// By name, unique in a domain.
    Name {
        /// The name.
        name: String,
        /// Where it is unique.
        domain: Domain,
    },
}

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Scope {
    /// Nothing in particular: the user's default project if there is one. Without one the catalog is empty.
    #[default]
    Unscoped,
    /// One project.
    Project(Project),
    /// One domain.
    Domain(Domain),
    /// The whole deployment.
    System,
}

impl Auth {
    /// A user and project of the domain `default`, by name.
    pub fn password(
        user: impl Into<String>,
        password: impl Into<Secret>,
        project: impl Into<String>,
    ) -> Auth {
        Auth::Password {
            user: User::Name { name: user.into(), domain: Domain::default() },
            password: password.into(),
            scope: Scope::Project(Project::Name { name: project.into(), domain: Domain::default() }),
        }
    }

    /// An application credential by id.
    pub fn application_credential(id: impl Into<String>, secret: impl Into<Secret>) -> Auth {
        Auth::ApplicationCredential { credential: Credential::Id(id.into()), secret: secret.into() }
    }

    /// A token, for the scope it has already.
    pub fn token(token: impl Into<Secret>) -> Auth {
        Auth::Token { token: token.into(), scope: Scope::Unscoped }
    }

    /// The secret in it.
    pub(crate) fn secret(&self) -> &Secret {
        match self {
            Auth::Password { password, .. } => password,
            Auth::ApplicationCredential { secret, .. } => secret,
            Auth::Token { token, .. } => token,
        }
    }
}
