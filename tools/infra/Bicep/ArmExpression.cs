using System.Globalization;
using System.Text;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// An expression that the compiler leaves in a snapshot because only the deployment knows its value: <c>format('https://{0}',
/// reference('ID', '2025-06-01').hostName)</c>. The grammar has only literals, calls, properties and indexes (Azure Resource Manager,
/// template expressions).
/// </summary>
internal abstract record ArmExpression
{
    public sealed record Literal(string Text) : ArmExpression;

    public sealed record Call(string Function, IReadOnlyList<ArmExpression> Arguments) : ArmExpression;

    /// <summary>A property or, if the name is an index, an item: <c>x.name</c>, <c>x[0]</c>.</summary>
    public sealed record Member(ArmExpression Target, string Name) : ArmExpression;

    /// <summary>Returns null if the text is not such an expression.</summary>
    public static ArmExpression? Parse(string text)
    {
        int at = 0;
        ArmExpression? found = Read(text, ref at);
        Skip(text, ref at);
        return at == text.Length ? found : null;
    }

    /// <summary>Returns this expression and all expressions below it.</summary>
    public IEnumerable<ArmExpression> Descend()
    {
        IEnumerable<ArmExpression> below = this switch { Call call => call.Arguments, Member member => [member.Target], _ => [] };
        return below.SelectMany(b => b.Descend()).Prepend(this);
    }

    /// <summary>
    /// Returns the resource properties that are read: <c>reference(ID).x</c> reads the property <c>properties.x</c> of ID.
    /// </summary>
    public IEnumerable<RuntimeReference> References()
    {
        if (Chain() is ({ } id, { } path)) return [new RuntimeReference(id, path)];
        IEnumerable<ArmExpression> below = this switch { Call call => call.Arguments, Member member => [member.Target], _ => [] };
        return below.SelectMany(b => b.References());
    }

    /// <summary>Returns the pieces of a composed text in order. Empty if the expression does not compose a text.</summary>
    public IReadOnlyList<BicepValue> Parts(Place where) => this switch
    {
        Call { Function: "format", Arguments: [Literal pattern, ..] } call => Format(pattern.Text, [.. call.Arguments.Skip(1)], where),
        Call { Function: "concat" } joined => [.. joined.Arguments.Select(a => a.ToValue(where))],
        Call { Function: "base64", Arguments: [var encoded] } => [encoded.ToValue(where)],
        Call { Function: "join", Arguments: [Call { Function: "createArray" } list, Literal between] }
            => [.. list.Arguments.SelectMany(
            (a, i) => i == 0 ? (BicepValue[])[a.ToValue(where)] : [new BicepString(where, between.Text), a.ToValue(where)])],
        _ => [],
    };

    public BicepValue ToValue(Place where) => this is Literal text ? new BicepString(where, text.Text)
        : new BicepRuntime(where, ToString()) { References = [.. References()], Parts = Parts(where) };

    public sealed override string ToString() => this switch
    {
        Literal text => $"'{text.Text.Replace("'", "''", StringComparison.Ordinal)}'",
        Call call => $"{call.Function}({string.Join(", ", call.Arguments)})",
        Member member => $"{member.Target}.{member.Name}",
        _ => "",
    };

    private (string? Id, string? Path) Chain()
    {
        var names = new Stack<string>();
        ArmExpression at = this;
        while (at is Member member)
        {
            names.Push(member.Name);
            at = member.Target;
        }
        if (at is not Call { Function: "reference", Arguments: [Literal id, ..] } call) return (null, null);
        bool isFull = call.Arguments is [_, _, Literal { Text: "Full" }];
        return (id.Text, string.Join('.', isFull ? names : names.Prepend("properties")));
    }

    private static List<BicepValue> Format(string pattern, IReadOnlyList<ArmExpression> holes, Place where)
    {
        var parts = new List<BicepValue>();
        var known = new StringBuilder();
        for (int i = 0; i < pattern.Length; i++)
        {
            int close = pattern[i] == '{' ? pattern.IndexOf('}', i) : -1;
            if (close > i && int.TryParse(
                pattern.AsSpan(i + 1, close - i - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int hole) && hole < holes.Count)
            {
                if (holes[hole] is Literal literal) known.Append(literal.Text);
                else
                {
                    if (known.Length > 0) parts.Add(new BicepString(where, known.ToString()));
                    known.Clear();
                    parts.Add(holes[hole].ToValue(where));
                }
                i = close;
                continue;
            }
            // Braces that belong to the text are doubled.
            if (pattern[i] is '{' or '}' && i + 1 < pattern.Length && pattern[i + 1] == pattern[i]) i++;
            known.Append(pattern[i]);
        }
        if (known.Length > 0) parts.Add(new BicepString(where, known.ToString()));
        return parts;
    }

    private static ArmExpression? Read(string text, ref int at)
    {
        Skip(text, ref at);
        if (at >= text.Length) return null;
        ArmExpression? found;
        if (text[at] == '\'')
        {
            var literal = new StringBuilder();
            for (at++; at < text.Length; at++)
            {
                if (text[at] == '\'' && (at + 1 >= text.Length || text[++at] != '\'')) break;
                literal.Append(text[at]);
            }
            if (at == text.Length - 1 && text[at] == '\'') at++;
            found = new Literal(literal.ToString());
        }
        else
        {
            int start = at;
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '-' or '_')) at++;
            if (at == start) return null;
            string word = text[start..at];
            Skip(text, ref at);
            if (at >= text.Length || text[at] != '(') found = new Literal(word);
            else
            {
                at++;
                var arguments = new List<ArmExpression>();
                for (Skip(text, ref at); at < text.Length && text[at] != ')'; Skip(text, ref at))
                {
                    if (Read(text, ref at) is not { } argument) return null;
                    arguments.Add(argument);
                    Skip(text, ref at);
                    if (at < text.Length && text[at] == ',') at++;
                }
                if (at >= text.Length) return null;
                at++;
                found = new Call(word, arguments);
            }
        }
        while (at < text.Length && text[at] is '.' or '[')
        {
            if (text[at++] == '.')
            {
                int start = at;
                while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_')) at++;
                found = new Member(found, text[start..at]);
                continue;
            }
            if (Read(text, ref at) is not { } index) return null;
            Skip(text, ref at);
            if (at >= text.Length || text[at++] != ']') return null;
            found = new Member(found, index is Literal literal ? literal.Text : index.ToString());
        }
        return found;
    }

    private static void Skip(string text, ref int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
    }
}
