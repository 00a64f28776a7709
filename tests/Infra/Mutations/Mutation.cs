namespace Dapr.Voice.Tests.Infra.Mutations;

/// <summary>
/// One fault in one of our files. <see cref="Text"/> is the whole file with the fault. <paramref name="Kind"/> groups similar faults.
/// </summary>
internal sealed record Mutation(string Kind, string File, int Line, string What, Func<string> Make)
{
    public string Text => Make();

    public override string ToString() => $"{File}({Line}): {Kind}: {What}";
}
