//! [`Knobs`]: the settings of a server that a test may change.

/// The settings of a server, with the defaults of the real one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Knobs {
    /// How many environment variables there may be.
    pub env_var_count: usize,
    /// How many bytes the names and values of all environment variables may have.
    pub env_var_total_bytes: usize,
    /// How many bytes the value of an environment variable may have.
    pub env_var_value_bytes: usize,
    /// How many bytes the name of an environment variable may have.
    pub env_var_name_bytes: usize,
    /// How many bytes the body of a request may have.
    pub body_bytes: usize,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            env_var_count: 512,
            env_var_total_bytes: 524_288,
            env_var_value_bytes: 8192,
            env_var_name_bytes: 256,
            body_bytes: 2 << 20,
        }
    }
}
