//! How much of anything one command may hold. Whatever is beyond is skipped and answered, never stored.

/// Named limits, each with a default that no sane client reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one line, without its literals.
    pub line_bytes: usize,
    /// The same before login.
    pub line_bytes_before_login: usize,
    /// Bytes of one literal, other than APPEND's message.
    pub literal_bytes: usize,
    /// The same before login.
    pub literal_bytes_before_login: usize,
    /// Bytes of a whole command with its literals, without APPEND's message.
    pub command_bytes: usize,
    /// Literals in one command.
    pub literals: usize,
    /// Messages of one APPEND (RFC 3502).
    pub append_messages: usize,
    /// Bytes of a tag.
    pub tag_bytes: usize,
    /// How deep search keys nest.
    pub search_depth: usize,
    /// Search keys in one command.
    pub search_keys: usize,
    /// Criteria of one SORT.
    pub sort_criteria: usize,
    /// Ranges in one set of messages.
    pub set_ranges: usize,
    /// Patterns of one LIST.
    pub list_patterns: usize,
    /// Flags named in one command.
    pub keywords: usize,
    /// Items of one FETCH.
    pub fetch_items: usize,
    /// Part numbers of one section.
    pub section_depth: usize,
    /// Header fields of one section.
    pub section_fields: usize,
    /// Names of one ENABLE.
    pub enable_names: usize,
}

impl Limits {
    /// The defaults, as a constant.
    pub const DEFAULT: Self = Self {
        line_bytes: 64 * 1024,
        line_bytes_before_login: 8 * 1024,
        literal_bytes: 128 * 1024,
        literal_bytes_before_login: 4096,
        command_bytes: 256 * 1024,
        literals: 64,
        append_messages: 1000,
        tag_bytes: 128,
        search_depth: 32,
        search_keys: 1000,
        sort_criteria: 64,
        set_ranges: 10_000,
        list_patterns: 64,
        keywords: 128,
        fetch_items: 100,
        section_depth: 64,
        section_fields: 200,
        enable_names: 64,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
