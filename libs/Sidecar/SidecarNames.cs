using System.Buffers;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// Names that become part of the path of a call. They have letters, digits, '.', '-' and '_' only, so that they need no escaping and can't
/// leave their path segment.
/// </summary>
internal static class SidecarNames
{
    public static readonly SearchValues<char> Portable = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    public static void Check(string name, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        if (name.AsSpan().ContainsAnyExcept(Portable))
            throw new ArgumentException($"'{name}' is not a valid name of a component, topic or app.", parameter);
    }
}
