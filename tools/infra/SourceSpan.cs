namespace Dapr.Voice.Infra;

/// <summary>
/// A piece of a source file. <paramref name="Line"/> and <paramref name="Column"/> count from 1, <paramref name="Offset"/> and <paramref name="Length"/> are
/// UTF-16 units from the start of the file, so that a test can cut the piece out. <paramref name="File"/> is the path as reached from the path that was loaded.
/// </summary>
public readonly record struct SourceSpan(string File, int Line, int Column, int Offset, int Length)
{
    public static readonly SourceSpan None = new("", 0, 0, 0, 0);

    public int End => Offset + Length;

    public override string ToString() => $"{File}({Line},{Column})";
}
