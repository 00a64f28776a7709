namespace Dapr.Voice.Steering;

/// <summary>The keys that sign routing hints. It has its own type so that no other key ring can be passed by mistake.</summary>
public sealed class HintKeyRing
{
    private readonly KeyRing _ring;

    private HintKeyRing(KeyRing ring) => _ring = ring;

    /// <inheritdoc cref="KeyRing.CurrentId"/>
    public byte CurrentId => _ring.CurrentId;

    public int Count => _ring.Count;

    /// <inheritdoc cref="KeyRing.TryParse"/>
    public static bool TryParse(string? secretText, out HintKeyRing? ring, out string? error)
    {
        ring = KeyRing.TryParse(secretText, out KeyRing? parsed, out error) ? new HintKeyRing(parsed!) : null;
        return ring is not null;
    }

    internal bool TryGetKey(int id, out ReadOnlySpan<byte> key) => _ring.TryGetKey(id, out key);
}
