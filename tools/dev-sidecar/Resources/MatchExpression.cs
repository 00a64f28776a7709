using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>
/// A routing rule over <c>event</c>. It is the part of CEL that rules use: comparisons, <c>&amp;&amp;</c>, <c>||</c>, <c>!</c>, <c>in</c>,
/// parentheses, fields (<c>event.data.n</c>), strings, numbers, true, false, null, lists, <c>has(…)</c>, <c>size(…)</c>,
/// <c>.startsWith</c>, <c>.endsWith</c> and <c>.contains</c>. Anything else is refused when the rule is read, not when an event arrives.
/// </summary>
internal sealed class MatchExpression
{
    private const int MaximumLength = 4_000;
    private const int MaximumDepth = 50;

    private readonly Func<JsonElement, object?> _evaluate;

    private MatchExpression(Func<JsonElement, object?> evaluate) => _evaluate = evaluate;

    public static bool TryParse(string text, out MatchExpression? expression, out string? problem)
    {
        expression = null;
        problem = null;
        if (text.Length > MaximumLength)
        {
            problem = $"it is longer than {MaximumLength} characters";
            return false;
        }
        try
        {
            expression = new MatchExpression(new Parser(text).Parse());
            return true;
        }
        catch (FormatException e)
        {
            problem = e.Message;
            return false;
        }
    }

    /// <summary>True if the rule holds. It does not hold if a field is missing, or if values of different types are compared.</summary>
    public bool Matches(JsonElement cloudEvent) => _evaluate(cloudEvent) is true;

    /// <summary>The value of a missing field. It equals nothing.</summary>
    private static readonly object Missing = new();

    private static object? Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null => null,
        JsonValueKind.Undefined => Missing,
        _ => element,
    };

    private static bool AreEqual(object? a, object? b) => a != Missing && b != Missing && (a, b) switch
    {
        (JsonElement x, JsonElement y) => JsonElement.DeepEquals(x, y),
        _ => Equals(a, b),
    };

    private static int? Order(object? a, object? b) => (a, b) switch
    {
        (double x, double y) => x.CompareTo(y),
        (string x, string y) => string.CompareOrdinal(x, y),
        _ => null,
    };

    private sealed class Parser(string text)
    {
        private int _at;
        private int _depth;

        public Func<JsonElement, object?> Parse()
        {
            Func<JsonElement, object?> result = Or();
            Space();
            if (_at < text.Length) throw Problem($"'{text[_at..]}' is left over");
            return result;
        }

        private Func<JsonElement, object?> Or()
        {
            if (++_depth > MaximumDepth) throw Problem("it is nested too deeply");
            Func<JsonElement, object?> left = And();
            while (Take("||"))
            {
                (Func<JsonElement, object?>? a, Func<JsonElement, object?>? b) = (left, And());
                left = e => a(e) is true || b(e) is true;
            }
            _depth--;
            return left;
        }

        private Func<JsonElement, object?> And()
        {
            Func<JsonElement, object?> left = Comparison();
            while (Take("&&"))
            {
                (Func<JsonElement, object?>? a, Func<JsonElement, object?>? b) = (left, Comparison());
                left = e => a(e) is true && b(e) is true;
            }
            return left;
        }

        private Func<JsonElement, object?> Comparison()
        {
            Func<JsonElement, object?> left = Unary();
            if (Take("==")) return Compare(left, Unary(), static (a, b) => AreEqual(a, b));
            if (Take("!=")) return Compare(left, Unary(), static (a, b) => a != Missing && b != Missing && !AreEqual(a, b));
            if (Take("<=")) return Compare(left, Unary(), static (a, b) => Order(a, b) <= 0);
            if (Take(">=")) return Compare(left, Unary(), static (a, b) => Order(a, b) >= 0);
            if (Take("<")) return Compare(left, Unary(), static (a, b) => Order(a, b) < 0);
            if (Take(">")) return Compare(left, Unary(), static (a, b) => Order(a, b) > 0);
            if (TakeWord("in"))
            {
                return Compare(left, Unary(), static (a, b) => b switch
                {
                    object?[] list => list.Any(item => AreEqual(a, item)),
                    JsonElement { ValueKind: JsonValueKind.Array } array => array.EnumerateArray().Any(item => AreEqual(a, Value(item))),
                    JsonElement { ValueKind: JsonValueKind.Object } map => a is string name && map.TryGetProperty(name, out _),
                    _ => false,
                });
            }
            return left;
        }

        private static Func<JsonElement, object?> Compare(
            Func<JsonElement, object?> a, Func<JsonElement, object?> b, Func<object?, object?, bool> test) => e => test(a(e), b(e));

        private Func<JsonElement, object?> Unary()
        {
            Space();
            if (_at < text.Length && text[_at] == '!' && (_at + 1 >= text.Length || text[_at + 1] != '='))
            {
                _at++;
                if (++_depth > MaximumDepth) throw Problem("it is nested too deeply");
                Func<JsonElement, object?> inner = Unary();
                _depth--;
                return e => inner(e) is bool value ? !value : Missing;
            }
            return Postfix(Primary());
        }

        private Func<JsonElement, object?> Primary()
        {
            Space();
            if (_at >= text.Length) throw Problem("it ends too early");
            char c = text[_at];
            if (c == '(')
            {
                _at++;
                Func<JsonElement, object?> inner = Or();
                Expect(")");
                return inner;
            }
            if (c is '"' or '\'')
            {
                string literal = Literal(c);
                return _ => literal;
            }
            if (c == '[')
            {
                _at++;
                var items = new List<Func<JsonElement, object?>>();
                if (!Take("]"))
                {
                    do items.Add(Or());
                    while (Take(","));
                    Expect("]");
                }
                return e => items.Select(i => i(e)).ToArray();
            }
            if (char.IsAsciiDigit(c) || c == '-')
            {
                int start = _at++;
                while (_at < text.Length && (char.IsAsciiDigit(text[_at]) || text[_at] is '.' or 'e' or 'E')) _at++;
                if (!double.TryParse(text.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
                    throw Problem($"'{text[start.._at]}' is no number");
                return _ => number;
            }
            string word = Word();
            switch (word)
            {
                case "true": return _ => true;
                case "false": return _ => false;
                case "null": return _ => null;
                case "event": return e => Value(e);
                case "has" or "size":
                    Expect("(");
                    Func<JsonElement, object?> argument = Or();
                    Expect(")");
                    return word == "has" ? e => argument(e) != Missing : e => argument(e) switch
                    {
                        string s => (double)s.Length,
                        object?[] list => (double)list.Length,
                        JsonElement { ValueKind: JsonValueKind.Array } array => (double)array.GetArrayLength(),
                        JsonElement { ValueKind: JsonValueKind.Object } map => (double)map.EnumerateObject().Count(),
                        _ => Missing,
                    };
                default: throw Problem($"'{word}' is not known; fields begin with 'event.'");
            }
        }

        private Func<JsonElement, object?> Postfix(Func<JsonElement, object?> value)
        {
            while (true)
            {
                if (Take("["))
                {
                    (Func<JsonElement, object?>? owner, Func<JsonElement, object?>? index) = (value, Or());
                    Expect("]");
                    value = e => (owner(e), index(e)) switch
                    {
                        (JsonElement { ValueKind: JsonValueKind.Object } map, string name) =>
                            map.TryGetProperty(name, out JsonElement field) ? Value(field) : Missing,
                        (JsonElement { ValueKind: JsonValueKind.Array } array, double n)
                            when n >= 0 && n < array.GetArrayLength() => Value(array[(int)n]),
                        _ => Missing,
                    };
                    continue;
                }
                if (!Take(".")) return value;
                string name = Word();
                Func<JsonElement, object?> target = value;
                if (!Take("("))
                {
                    value = e => target(e) is JsonElement { ValueKind: JsonValueKind.Object } map
                        && map.TryGetProperty(name, out JsonElement field) ? Value(field) : Missing;
                    continue;
                }
                Func<string, string, bool> test = name switch
                {
                    "startsWith" => static (s, part) => s.StartsWith(part, StringComparison.Ordinal),
                    "endsWith" => static (s, part) => s.EndsWith(part, StringComparison.Ordinal),
                    "contains" => static (s, part) => s.Contains(part, StringComparison.Ordinal),
                    _ => throw Problem($"the function '{name}' is not known to the development sidecar"),
                };
                Func<JsonElement, object?> argument = Or();
                Expect(")");
                value = e => target(e) is string s && argument(e) is string part ? test(s, part) : Missing;
            }
        }

        private string Literal(char quote)
        {
            var literal = new StringBuilder();
            for (_at++; _at < text.Length; _at++)
            {
                char c = text[_at];
                if (c == quote)
                {
                    _at++;
                    return literal.ToString();
                }
                if (c == '\\' && _at + 1 < text.Length)
                {
                    c = text[++_at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other };
                }
                literal.Append(c);
            }
            throw Problem("a string does not end");
        }

        private string Word()
        {
            Space();
            int start = _at;
            while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_')) _at++;
            return _at > start ? text[start.._at] : throw Problem(
                _at < text.Length ? $"'{text[_at]}' is not expected" : "it ends too early");
        }

        private bool Take(string token)
        {
            Space();
            if (!text.AsSpan(_at).StartsWith(token, StringComparison.Ordinal)) return false;
            _at += token.Length;
            return true;
        }

        private bool TakeWord(string word)
        {
            Space();
            int end = _at + word.Length;
            if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal)
                || (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))) return false;
            _at = end;
            return true;
        }

        private void Expect(string token)
        {
            if (!Take(token)) throw Problem($"'{token}' is missing");
        }

        private void Space()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
        }

        private FormatException Problem(string problem) => new($"at character {_at + 1}: {problem}");
    }
}
