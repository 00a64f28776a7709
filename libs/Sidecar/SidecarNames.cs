using System.Buffers;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// Names that go into the path of a call: letters, digits, '.', '-', '_', so that nothing needs escaping and nothing escapes.
/// </summary>
internal static class SidecarNames
{
    public static readonly SearchValues<char> Portable = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    public static void Check(string name, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        if (name.AsSpan().ContainsAnyExcept(Portable))
            throw new ArgumentException($"'{name}' is no name of a component, topic or app.", parameter);
    }
}
