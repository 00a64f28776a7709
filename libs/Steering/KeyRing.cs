using System.Globalization;

namespace Dapr.Voice.Steering;

/// <summary>
/// Keys that are valid at the same time, identified by a 4-bit id. The first key is the current one and signs everything new. What an older
/// key signed stays valid until that key leaves the ring. To rotate: append the new key everywhere, then move it to the front everywhere,
/// then remove the old key when the longest session has ended.
/// </summary>
public sealed class KeyRing
{
    public const int MaximumKeys = 16;
    public const int MinimumKeyBytes = 32;

    private readonly byte[]?[] _keys = new byte[MaximumKeys][];

    private KeyRing(int currentId) => CurrentId = (byte)currentId;

    /// <summary>The id of the key that signs everything new.</summary>
    public byte CurrentId { get; }

    public int Count { get; private set; }

    /// <summary>Reads <c>id:base64,id:base64</c>, newest first (<c>SecretNames</c> in libs/Contracts).</summary>
    /// <param name="error">What is wrong, in words that do not contain the key.</param>
    public static bool TryParse(string? secretText, out KeyRing? ring, out string? error)
    {
        ring = null;
        error = null;
        KeyRing? built = null;
        foreach (string entry in (secretText ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = entry.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || !int.TryParse(entry.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                || id >= MaximumKeys)
                return Fail("a key ring is 'id:base64,id:base64' with ids from 0 to 15", out error);
            byte[] key = new byte[entry.Length];
            if (!Convert.TryFromBase64Chars(entry.AsSpan(colon + 1), key, out int length) || length < MinimumKeyBytes)
                return Fail($"key {id} of the ring is not base64 of at least {MinimumKeyBytes} bytes", out error);
            built ??= new KeyRing(id);
            if (built._keys[id] is not null) return Fail($"key id {id} is twice in the ring", out error);
            built._keys[id] = key[..length];
            built.Count++;
        }
        if (built is null) return Fail("the key ring is empty", out error);
        ring = built;
        return true;
    }

    public bool HasKey(int id) => TryGetKey(id, out _);

    /// <summary>Gets a key for signing or verifying. The span is valid as long as the ring.</summary>
    public bool TryGetKey(int id, out ReadOnlySpan<byte> key)
    {
        byte[]? found = (uint)id < MaximumKeys ? _keys[id] : null;
        key = found;
        return found is not null;
    }

    private static bool Fail(string what, out string? error)
    {
        error = what;
        return false;
    }
}
