using System.Text;
using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Tests.Infra.Bicep;

/// <summary>Bicep text in memory: main.bicep and files beside it.</summary>
internal static class Snippet
{
    public static BicepProgram Program(string main, params (string Path, string Text)[] others)
    {
        var files = others.Append((Path: "main.bicep", Text: main)).ToDictionary(f => f.Path, f => Encoding.UTF8.GetBytes(f.Text));
        return BicepProgram.Load("main.bicep", path => files.GetValueOrDefault(path));
    }

    public static Deployment Deploy(string main, object? parameters = null, params (string Path, string Text)[] others)
        => Deployment.Resolve(Program(main, others), parameters as IReadOnlyDictionary<string, object?> ?? new Dictionary<string, object?>());

    /// <summary>Every rule that speaks, of program and deployment, each as often as it does.</summary>
    public static string[] Rules(string main, params (string Path, string Text)[] others)
    {
        var program = Program(main, others);
        return [.. Findings(program).Select(f => f.Rule)];
    }

    public static IEnumerable<Finding> Findings(BicepProgram program) => program.Findings.Concat(Deployment.Resolve(program, new Dictionary<string, object?>()).Findings);

    /// <summary>The value of an expression as JSON.</summary>
    public static string Value(string expression, string before = "")
    {
        var deployment = Deploy($"{before}\noutput o array = [any({expression})]\n");
        return deployment.Findings.Count > 0 ? string.Join("; ", deployment.Findings) : ((BicepArray)deployment.Outputs[0].Value).Items[0].ToString();
    }
}
