using System.Text;
using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Azd;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Checks;

/// <summary>Declarations that nothing else would miss: outputs of modules that nobody reads, and what main.bicep lets its parameters be.</summary>
internal static partial class DeclarationRules
{
    public static void Check(SourceTree tree, BicepProgram program, AzdParameters? parameters, bool isComplete, ICollection<Finding> findings)
    {
        CheckOutputs(tree, program, findings);
        if (!isComplete || program.Main is not { } main) return;
        CheckParameters(main, findings);
        if (parameters is not null) CheckDefaults(main, parameters, findings);
    }

    /// <summary>Whoever deploys main.bicep without azd gets what azd gives.</summary>
    private static void CheckDefaults(FileModel main, AzdParameters parameters, ICollection<Finding> findings)
    {
        foreach (var parameter in main.Parameters)
        {
            string? here = parameter.Default switch
            {
                Expression.String { Literal: { } text } => text,
                Expression.Integer number => number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
                Expression.Boolean flag => flag.Value ? "true" : "false",
                _ => null,
            };
            if (here is not null && parameters.Default(parameter.Name)?.ToString() is { } there && here != there)
                findings.Add(Finding.At(parameter.Default!.Where, RuleIds.ParameterBounds, Severity.Error, $"The default of '{parameter.Name}' is '{there}' in main.parameters.json."));
        }
    }

    /// <summary>An output of a module is read by a file that uses the module.</summary>
    private static void CheckOutputs(SourceTree tree, BicepProgram program, ICollection<Finding> findings)
    {
        var read = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in program.Files)
        {
            if (tree.Read(file) is not { } bytes) continue;
            foreach (Match match in Outputs().Matches(Encoding.UTF8.GetString(bytes))) read.Add(match.Groups[1].Value);
        }
        foreach (var output in program.Declarations.Where(d => d.Kind == "output" && d.Where.File != program.MainPath && !read.Contains(d.Name)))
            findings.Add(Finding.At(output.Where, RuleIds.UnusedOutput, Severity.Error, $"Nobody reads the output '{output.Name}'."));
    }

    private static void CheckParameters(FileModel main, ICollection<Finding> findings)
    {
        foreach (var declaration in main.Source.Declarations)
        {
            switch (declaration)
            {
                case Declaration.Parameter parameter: Compare(parameter.Name, parameter.Decorators, parameter.NameWhere); break;
                case Declaration.TypeAlias { Value: TypeExpression.Object map } alias:
                    foreach (var member in map.Members) Compare($"{alias.Name}.{member.Name}", member.Decorators, member.Where);
                    break;
            }
        }

        void Compare(string name, IReadOnlyList<Decorator> decorators, SourceSpan where)
        {
            string bounds = string.Join(' ', decorators.Where(d => d.Name.StartsWith("min", StringComparison.Ordinal) || d.Name.StartsWith("max", StringComparison.Ordinal)).Select(d => $"{d.Name}({string.Join(',', d.Arguments.Select(Show))})"));
            string wanted = ParameterBounds.GetValueOrDefault(name, "");
            if (bounds != wanted) findings.Add(Finding.At(where, RuleIds.ParameterBounds, Severity.Error, $"'{name}' may be '{wanted}' by choice (DeclarationRules), here it is '{bounds}'."));
        }
    }

    private static string Show(Expression argument) => argument switch
    {
        Expression.Integer number => number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Expression.Unary { Operand: Expression.Integer number } => "-" + number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => "?",
    };

    // Limits of the services' own settings (docs/settings.md), of Container Apps, and of names that parameters go into.
    private static readonly IReadOnlyDictionary<string, string> ParameterBounds = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["regionType.number"] = "minValue(0) maxValue(255)", ["regionType.shards"] = "minValue(1) maxValue(100)", ["regionType.standbyShards"] = "minValue(0) maxValue(100)", ["regionType.keepShards"] = "minValue(0) maxValue(100)",
        ["environmentName"] = "minLength(1) maxLength(40)", ["location"] = "minLength(1)", ["regions"] = "minLength(1) maxLength(16)", ["relays"] = "minValue(1) maxValue(30)", ["signalingReplicas"] = "minValue(1) maxValue(30)",
        ["maximumShards"] = "minValue(1) maxValue(100)", ["slotCount"] = "minValue(1) maxValue(65536)", ["edgeInstances"] = "minValue(1) maxValue(100)", ["logDailyQuotaGb"] = "minValue(-1)",
    };

    [GeneratedRegex(@"\.outputs\.([A-Za-z_][A-Za-z0-9_]*)")]
    private static partial Regex Outputs();
}
