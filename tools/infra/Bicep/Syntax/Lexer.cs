using System.Globalization;
using System.Text;

namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary>
/// Bicep text to tokens. Comments and blanks go, line ends stay: the language needs them. A string with holes comes in pieces, with the tokens of each hole
/// in between. Goes on after every error, so that one file shows all of its errors.
/// </summary>
internal sealed class Lexer
{
    private readonly string _file;
    private readonly string _text;
    private readonly List<Finding> _findings;
    private readonly List<Token> _tokens = [];
    private readonly List<Suppression> _suppressions = [];
    private readonly List<(string Rule, int Line)> _disabled = [];

    /// <summary>One entry per string whose hole we are in: how many braces are open inside of that hole.</summary>
    private readonly Stack<int> _holes = new();

    private int _at;
    private int _line = 1;
    private int _lineStart;

    private Lexer(string file, string text, List<Finding> findings)
    {
        _file = file;
        _text = text;
        _findings = findings;
    }

    /// <summary>Always ends with <see cref="TokenKind.EndOfFile"/>.</summary>
    public static List<Token> Read(string file, string text, List<Finding> findings, out IReadOnlyList<Suppression> suppressions)
    {
        var lexer = new Lexer(file, text, findings);
        lexer.Run();
        suppressions = lexer._suppressions;
        return lexer._tokens;
    }

    private void Run()
    {
        while (_at < _text.Length)
        {
            char c = _text[_at];
            if (c is ' ' or '\t' or '\uFEFF') _at++;
            else if (c is '\r' or '\n') ReadNewLine();
            else if (c == '/' && Peek(1) == '/') SkipToEndOfLine();
            else if (c == '/' && Peek(1) == '*') SkipComment();
            else if (c == '#' && _holes.Count == 0) ReadDirective();
            else if (c == '\'') ReadString();
            else if (IsNameStart(c)) ReadName();
            else if (char.IsAsciiDigit(c)) ReadInteger();
            else ReadPunctuation(c);
        }
        foreach (var (rule, line) in _disabled) _suppressions.Add(new Suppression(rule, line, int.MaxValue));
        Add(TokenKind.EndOfFile, _at, "");
    }

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    private static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private char Peek(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private SourceSpan Span(int start) => new(_file, _line, start - _lineStart + 1, start, _at - start);

    private void Add(TokenKind kind, int start, string text, ulong number = 0) => _tokens.Add(new Token(kind, Span(start), text, number));

    private void Report(int start, string rule, string message) => _findings.Add(Finding.At(Span(start), rule, Severity.Error, message));

    private void ReadNewLine()
    {
        int start = _at;
        _at += _text[_at] == '\r' && Peek(1) == '\n' ? 2 : 1;
        if (_holes.Count > 0)
        {
            // A hole ends with its line: the rest of the file is code again, whatever was open.
            Report(start, "BCP004", "The string at this location is not terminated before the end of the line.");
            _holes.Clear();
        }
        Add(TokenKind.NewLine, start, "\n");
        _line++;
        _lineStart = _at;
    }

    private void SkipToEndOfLine()
    {
        while (_at < _text.Length && _text[_at] is not ('\r' or '\n')) _at++;
    }

    private void SkipComment()
    {
        int start = _at;
        int end = _text.IndexOf("*/", _at + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            Report(start, "BCP002", "The multi-line comment is not terminated. Terminate it with '*/'.");
            end = _text.Length - 2;
        }
        CountLines(start, end + 2);
        _at = end + 2;
    }

    /// <summary>Keeps line numbers right across a piece of text that holds line ends.</summary>
    private void CountLines(int from, int to)
    {
        for (int i = from; i < to && i < _text.Length; i++)
        {
            if (_text[i] == '\n' || (_text[i] == '\r' && (i + 1 >= _text.Length || _text[i + 1] != '\n')))
            {
                _line++;
                _lineStart = i + 1;
            }
        }
    }

    private void ReadDirective()
    {
        int start = _at;
        SkipToEndOfLine();
        string directive = _text[start.._at];
        int comment = directive.IndexOf("//", StringComparison.Ordinal);
        if (comment >= 0) directive = directive[..comment];
        string[] words = directive[1..].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (_tokens.Count > 0 && _tokens[^1].Kind != TokenKind.NewLine)
        {
            Report(start, "BCP001", "A '#' directive stands on a line of its own.");
            return;
        }
        switch (words.Length > 0 ? words[0] : "")
        {
            case "disable-next-line":
                foreach (string rule in words.Skip(1)) _suppressions.Add(new Suppression(rule, _line + 1, _line + 1));
                break;
            case "disable-diagnostics":
                foreach (string rule in words.Skip(1)) _disabled.Add((rule, _line));
                break;
            case "restore-diagnostics":
                foreach (string rule in words.Skip(1))
                {
                    int index = _disabled.FindIndex(d => d.Rule == rule);
                    if (index < 0) continue;
                    _suppressions.Add(new Suppression(rule, _disabled[index].Line, _line));
                    _disabled.RemoveAt(index);
                }
                break;
            default:
                Report(start, "BCP001", "Expected '#disable-next-line', '#disable-diagnostics' or '#restore-diagnostics'.");
                break;
        }
    }

    private void ReadName()
    {
        int start = _at;
        while (_at < _text.Length && IsNamePart(_text[_at])) _at++;
        Add(TokenKind.Identifier, start, _text[start.._at]);
    }

    private void ReadInteger()
    {
        int start = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at])) _at++;
        string digits = _text[start.._at];
        if (!ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) || value > 1UL << 63)
        {
            Report(start, "BCP010", "Expected a valid 64-bit signed integer.");
            value = 0;
        }
        Add(TokenKind.Integer, start, digits, value);
    }

    private void ReadString()
    {
        int start = _at;
        if (Peek(1) == '\'' && Peek(2) == '\'')
        {
            ReadMultiLineString(start);
            return;
        }
        _at++;
        ReadStringPiece(start, TokenKind.String, TokenKind.StringStart);
    }

    private void ReadMultiLineString(int start)
    {
        int from = _at + 3;
        int end = _text.IndexOf("'''", Math.Min(from, _text.Length), StringComparison.Ordinal);
        int line = _line, lineStart = _lineStart;
        if (end < 0)
        {
            _at = _text.Length;
            Report(start, "BCP140", "The multi-line string is not terminated. Use \"'''\" to terminate it.");
            end = _text.Length;
        }
        else
        {
            // Of a run of quotes the last three end the string, those before belong to it.
            while (end + 3 < _text.Length && _text[end + 3] == '\'') end++;
            _at = end + 3;
        }
        string value = _text[Math.Min(from, end)..end];
        // A line end right after the opening quotes is not part of the value.
        if (value.StartsWith("\r\n", StringComparison.Ordinal)) value = value[2..];
        else if (value.StartsWith('\n') || value.StartsWith('\r')) value = value[1..];
        _tokens.Add(new Token(TokenKind.String, new SourceSpan(_file, line, start - lineStart + 1, start, _at - start), value));
        CountLines(start, _at);
    }

    /// <summary>From behind the opening quote, or behind the brace that closed a hole, to the closing quote or the next hole.</summary>
    private void ReadStringPiece(int start, TokenKind whole, TokenKind open)
    {
        var value = new StringBuilder();
        while (true)
        {
            if (_at >= _text.Length || _text[_at] is '\r' or '\n')
            {
                Report(start, _at >= _text.Length ? "BCP005" : "BCP004", "The string at this location is not terminated before the end of the line. Terminate it with a single quote; use \"'''\" for a string of several lines.");
                Add(whole, start, value.ToString());
                return;
            }
            char c = _text[_at];
            if (c == '\'')
            {
                _at++;
                Add(whole, start, value.ToString());
                return;
            }
            if (c == '$' && Peek(1) == '{')
            {
                _at += 2;
                Add(open, start, value.ToString());
                _holes.Push(0);
                return;
            }
            if (c == '\\') ReadEscape(value);
            else
            {
                value.Append(c);
                _at++;
            }
        }
    }

    private void ReadEscape(StringBuilder value)
    {
        int start = _at;
        _at++;
        char c = _at < _text.Length ? _text[_at] : '\0';
        switch (c)
        {
            case '\\' or '\'' or '$': value.Append(c); _at++; return;
            case 'n': value.Append('\n'); _at++; return;
            case 'r': value.Append('\r'); _at++; return;
            case 't': value.Append('\t'); _at++; return;
            case 'u' when Peek(1) == '{':
                int digits = _at + 2, end = digits;
                while (end < _text.Length && end - digits < 8 && char.IsAsciiHexDigit(_text[end])) end++;
                bool ok = end > digits && end < _text.Length && _text[end] == '}'
                    && int.TryParse(_text.AsSpan(digits, end - digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                    && Rune.TryCreate(code, out var rune) && Append(value, rune);
                _at = ok ? end + 1 : end;
                if (!ok) Report(start, "BCP133", "The unicode escape sequence is not valid. Valid are \\u{0} to \\u{10FFFF}, without surrogates.");
                return;
            default:
                Report(start, "BCP006", "The escape sequence is not recognized. Only \\\\, \\', \\n, \\r, \\t, \\u{...} and \\$ are.");
                return;
        }
    }

    private static bool Append(StringBuilder value, Rune rune)
    {
        value.Append(rune.ToString());
        return true;
    }

    private void ReadPunctuation(char c)
    {
        int start = _at;
        if (_holes.Count > 0 && c is '{' or '}')
        {
            int open = _holes.Count > 0 ? _holes.Pop() : 0;
            if (c == '}' && open == 0)
            {
                _at++;
                ReadStringPiece(start, TokenKind.StringEnd, TokenKind.StringMiddle);
                return;
            }
            _holes.Push(open + (c == '{' ? 1 : -1));
        }
        (TokenKind kind, int length) = (c, Peek(1), Peek(2)) switch
        {
            ('.', '.', '.') => (TokenKind.Ellipsis, 3),
            (':', ':', _) => (TokenKind.DoubleColon, 2),
            ('?', '?', _) => (TokenKind.DoubleQuestion, 2),
            ('=', '=', _) => (TokenKind.Equal, 2),
            ('=', '~', _) => (TokenKind.EqualIgnoringCase, 2),
            ('=', '>', _) => (TokenKind.Arrow, 2),
            ('!', '=', _) => (TokenKind.NotEqual, 2),
            ('!', '~', _) => (TokenKind.NotEqualIgnoringCase, 2),
            ('<', '=', _) => (TokenKind.LessOrEqual, 2),
            ('>', '=', _) => (TokenKind.GreaterOrEqual, 2),
            ('&', '&', _) => (TokenKind.And, 2),
            ('|', '|', _) => (TokenKind.Or, 2),
            ('{', _, _) => (TokenKind.LeftBrace, 1),
            ('}', _, _) => (TokenKind.RightBrace, 1),
            ('(', _, _) => (TokenKind.LeftParen, 1),
            (')', _, _) => (TokenKind.RightParen, 1),
            ('[', _, _) => (TokenKind.LeftSquare, 1),
            (']', _, _) => (TokenKind.RightSquare, 1),
            (',', _, _) => (TokenKind.Comma, 1),
            ('.', _, _) => (TokenKind.Dot, 1),
            (':', _, _) => (TokenKind.Colon, 1),
            ('?', _, _) => (TokenKind.Question, 1),
            ('=', _, _) => (TokenKind.Assign, 1),
            ('+', _, _) => (TokenKind.Plus, 1),
            ('-', _, _) => (TokenKind.Minus, 1),
            ('*', _, _) => (TokenKind.Star, 1),
            ('/', _, _) => (TokenKind.Slash, 1),
            ('%', _, _) => (TokenKind.Percent, 1),
            ('!', _, _) => (TokenKind.Bang, 1),
            ('^', _, _) => (TokenKind.Hat, 1),
            ('<', _, _) => (TokenKind.Less, 1),
            ('>', _, _) => (TokenKind.Greater, 1),
            ('|', _, _) => (TokenKind.Pipe, 1),
            ('@', _, _) => (TokenKind.At, 1),
            _ => (TokenKind.Unknown, 1),
        };
        _at += length;
        if (kind == TokenKind.Unknown)
        {
            bool isMultiLineHole = c == '$' && Peek(0) == '\'' && Peek(1) == '\'' && Peek(2) == '\'';
            if (isMultiLineHole) Report(start, Rules.NotSupported, "Multi-line strings with holes ($''') are not supported by our reader; use format() or single-line strings.");
            else if (c == '"') Report(start, "BCP103", "The token '\"' is not recognized. Strings are written in single quotes.");
            else Report(start, "BCP001", $"The token '{(char.IsControl(c) ? $"U+{(int)c:X4}" : c.ToString())}' is not recognized.");
            if (isMultiLineHole) return;
        }
        Add(kind, start, _text[start.._at]);
    }
}
