namespace Dapr.Voice.Infra.Bicep.Syntax;

internal enum TokenKind
{
    Identifier,
    Integer,

    /// <summary>A whole string without holes, of one line or of many.</summary>
    String,

    /// <summary><c>'text${</c></summary>
    StringStart,

    /// <summary><c>}text${</c></summary>
    StringMiddle,

    /// <summary><c>}text'</c></summary>
    StringEnd,
    LeftBrace,
    RightBrace,
    LeftParen,
    RightParen,
    LeftSquare,
    RightSquare,
    Comma,
    Dot,
    Ellipsis,
    Colon,
    DoubleColon,
    Question,
    DoubleQuestion,
    Assign,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Bang,
    Hat,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    EqualIgnoringCase,
    NotEqualIgnoringCase,
    And,
    Or,
    Pipe,
    Arrow,
    At,
    NewLine,
    EndOfFile,

    /// <summary>A character that starts no token; reported where it was met.</summary>
    Unknown,
}
