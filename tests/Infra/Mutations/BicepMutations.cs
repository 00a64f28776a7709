using System.Globalization;
using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Tests.Infra.Mutations;

/// <summary>
/// Every fault that one can make in a Bicep file by taking one thing away or changing one value. What means nothing is left out: comments, descriptions, metadata, the names of
/// nested deployments, explicit dependencies that follow from references anyway stay in.
/// </summary>
internal sealed class BicepMutations
{
    private static readonly string[] Identities = ["state", "secrets", "events", "pull"];

    private readonly string _path, _text;
    private readonly List<Mutation> _found = [];

    private BicepMutations(string path, string text) => (_path, _text) = (path, text);

    public static IReadOnlyList<Mutation> Of(string path, string text)
    {
        var all = new BicepMutations(path, text);
        foreach (var declaration in SourceFile.Parse(path, text).Declarations) all.Visit(declaration);
        return all._found;
    }

    private void Visit(Declaration declaration)
    {
        if (declaration is Declaration.Metadata) return;
        string kind = declaration switch
        {
            Declaration.Parameter => "remove param",
            Declaration.Module => "remove module",
            Declaration.Output => "remove output",
            Declaration.Variable => "remove var",
            Declaration.TypeAlias => "remove type",
            Declaration.Resource r when r.Type.Literal?.StartsWith("Microsoft.Authorization/", StringComparison.Ordinal) == true => "remove role",
            Declaration.Resource => "remove resource",
            _ => "remove statement",
        };
        Remove(kind, declaration.Where, $"{kind[7..]} {declaration.Name}");
        foreach (var decorator in declaration.Decorators) Visit(decorator);
        switch (declaration)
        {
            case Declaration.Parameter parameter:
                VisitType(parameter.Type);
                if (parameter.Default is { } value) Visit(value, parameter.Name);
                break;
            case Declaration.Variable variable: Visit(variable.Value, variable.Name); break;
            case Declaration.Output output: Visit(output.Value, output.Name); break;
            case Declaration.TypeAlias alias: VisitType(alias.Value); break;
            case Declaration.Resource resource:
                Version(resource.Type);
                Visit(resource.Value, resource.Name);
                break;
            case Declaration.Module module: Visit(module.Value, module.Name, isModule: true); break;
        }
    }

    private void Visit(Decorator decorator)
    {
        if (decorator.Name == "description") return;
        if (decorator.Name == "secure") Remove("remove decorator", decorator.Where, "@" + decorator.Name);
        // A bound that differs by one is another bound; whether anybody meets it is for the reader of the parameter.
        foreach (var argument in decorator.Arguments) Visit(argument, "@" + decorator.Name);
    }

    private void VisitType(TypeExpression type)
    {
        switch (type)
        {
            case TypeExpression.Object map:
                foreach (var member in map.Members)
                {
                    foreach (var decorator in member.Decorators) Visit(decorator);
                    VisitType(member.Type);
                }
                break;
            case TypeExpression.Union union:
                foreach (var member in union.Members) VisitType(member);
                break;
            case TypeExpression.Literal { Value: Expression.String text }: Text(text, "a type's word"); break;
        }
    }

    private void Visit(Expression expression, string near, bool isModule = false)
    {
        switch (expression)
        {
            case Expression.Object map:
                foreach (var property in map.Properties)
                {
                    string name = property.Name ?? "a key";
                    if (name == "description" || (isModule && name == "name")) continue;
                    string kind = name switch
                    {
                        "tags" or "azd-env-name" or "azd-service-name" => "drop tag",
                        "scope" or "scopes" => "remove scope",
                        "targetPort" or "exposedPort" or "appPort" or "port" or "frontendPort" or "backendPort" => "remove port",
                        _ => "remove property",
                    };
                    Remove(kind, property.Where, name);
                    // Parameters of a module are objects of their own.
                    Visit(property.Value, name);
                }
                foreach (var nested in map.Resources) Visit(nested);
                break;
            case Expression.Array array:
                foreach (var item in array.Items)
                {
                    bool isSetting = item is Expression.Object entry && entry.Find("name") is not null && entry.Properties.Count == 2 && (entry.Find("value") ?? entry.Find("secretRef")) is not null;
                    Remove(isSetting ? "remove setting" : "remove item", item.Where, $"an item of {near}");
                    Visit(item, near);
                }
                break;
            case Expression.Integer number:
                bool isPort = near.Contains("ort", StringComparison.Ordinal);
                Replace(isPort ? "change port" : "change number", number.Where, (number.Value + 1).ToString(CultureInfo.InvariantCulture), $"{near} {number.Value} to {number.Value + 1}");
                break;
            case Expression.Boolean flag: Replace("flip boolean", flag.Where, flag.Value ? "false" : "true", near); break;
            case Expression.String text:
                Text(text, near);
                foreach (var hole in text.Holes) Visit(hole, near);
                break;
            case Expression.Ternary choice:
                Negate(choice.Condition);
                Visit(choice.Condition, near);
                Visit(choice.True, near);
                Visit(choice.False, near);
                break;
            case Expression.If condition:
                Negate(condition.Condition);
                Visit(condition.Condition, near);
                Visit(condition.Body, near, isModule);
                break;
            case Expression.For loop:
                Visit(loop.Source, near);
                Visit(loop.Body, near, isModule);
                break;
            case Expression.Property { Target: Expression.Property { Target: Expression.Name or Expression.Indexed, Member: "outputs" } or Expression.Name { Text: "identities" } } property when Identities.Contains(property.Member):
                Replace("swap identity", property.MemberWhere, Identities[(Array.IndexOf(Identities, property.Member) + 1) % Identities.Length], property.Member);
                Visit(property.Target, near);
                break;
            case Expression.Property property: Visit(property.Target, near); break;
            case Expression.Unary unary: Visit(unary.Operand, near); break;
            case Expression.Binary binary:
                Visit(binary.Left, near);
                Visit(binary.Right, near);
                break;
            case Expression.Parenthesized inner: Visit(inner.Inner, near); break;
            case Expression.Indexed indexed:
                Visit(indexed.Target, near);
                Visit(indexed.At, near);
                break;
            case Expression.NonNull sure: Visit(sure.Target, near); break;
            case Expression.Call call:
                // The parts of guid() only have to be the same at the next deployment.
                if (call.Function is "guid" or "uniqueString" or "loadTextContent" or "loadJsonContent") break;
                foreach (var argument in call.Arguments) Visit(argument, near);
                break;
            case Expression.Lambda lambda: Visit(lambda.Body, near); break;
            case Expression.Spread spread: Visit(spread.Value, near); break;
        }
    }

    private void Text(Expression.String text, string near)
    {
        // Before the closing quote: the last segment grows by a letter, or its last digit changes.
        int end = text.Where.End - 1;
        if (text.Segments[^1].Length == 0 && text.Holes.Count > 0) return;
        if (_text.AsSpan(text.Where.Offset).StartsWith("'''")) return;
        char last = text.Segments[^1].Length == 0 ? ' ' : _text[end - 1];
        string kind = near is "name" ? "change name" : near.Contains("ort", StringComparison.Ordinal) ? "change port" : text.Holes.Count > 0 ? "change text" : "change value";
        if (char.IsAsciiDigit(last)) Replace(kind, new SourceSpan(_path, text.Where.Line, text.Where.Column, end - 1, 1), last == '9' ? "8" : ((char)(last + 1)).ToString(), $"{near} '{text.Segments[^1]}'");
        else Replace(kind, new SourceSpan(_path, text.Where.Line, text.Where.Column, end, 0), "x", $"{near} '{text.Segments[^1]}'");
    }

    private void Version(Expression.String type)
    {
        if (type.Literal is not { } literal) return;
        int at = _text.IndexOf('@', type.Where.Offset);
        Replace("change api version", new SourceSpan(_path, type.Where.Line, type.Where.Column, at + 1, 4), "2019", literal);
        Replace("change type", new SourceSpan(_path, type.Where.Line, type.Where.Column, at, 0), "x", literal);
    }

    private void Negate(Expression condition)
    {
        if (condition is Expression.Parenthesized) return;
        Replace("negate condition", condition.Where, $"!({_text.Substring(condition.Where.Offset, condition.Where.Length)})", _text.Substring(condition.Where.Offset, Math.Min(40, condition.Where.Length)));
    }

    private void Remove(string kind, SourceSpan where, string what)
    {
        // A trailing comma goes with what it follows; an empty line is no fault.
        int end = where.End;
        if (end < _text.Length && _text[end] == ',') end++;
        Add(kind, where, what, where.Offset, end - where.Offset, "");
    }

    private void Replace(string kind, SourceSpan where, string by, string what) => Add(kind, where, what, where.Offset, where.Length, by);

    private void Add(string kind, SourceSpan where, string what, int offset, int length, string by)
        => _found.Add(new Mutation(kind, _path, where.Line, what.ReplaceLineEndings(" "), () => string.Concat(_text.AsSpan(0, offset), by, _text.AsSpan(offset + length))));
}
