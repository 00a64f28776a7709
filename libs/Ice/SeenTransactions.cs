using Dapr.Voice.Stun;

namespace Dapr.Voice.Ice;

/// <summary>
/// The transaction ids of a peer's checks, so that each check counts once. A browser sends one check in 2.5 s, so <see cref="Capacity"/>
/// ids are almost three hours. After that the oldest is forgotten. Memory grows with the call, from 256 bytes to 64 KiB.
/// </summary>
internal sealed class SeenTransactions
{
    public const int Capacity = 4096;

    private TransactionId[] _ids = new TransactionId[16];
    private long _added;

    /// <summary>Returns false if the id was seen before.</summary>
    public bool TryAdd(TransactionId id)
    {
        // A scan takes 4 µs at most, and checks are rare.
        if (_ids.AsSpan(0, (int)Math.Min(_added, _ids.Length)).Contains(id)) return false;
        if (_added == _ids.Length && _ids.Length < Capacity) Array.Resize(ref _ids, 2 * _ids.Length);
        _ids[_added++ % _ids.Length] = id;
        return true;
    }

    /// <summary>Returns the newest ids, at most <paramref name="maximum"/>, one after the other.</summary>
    public byte[] Export(int maximum)
    {
        int count = (int)Math.Min(Math.Min(_added, _ids.Length), maximum);
        byte[] bytes = new byte[count * TransactionId.Length];
        for (int i = 0; i < count; i++) _ids[(_added - count + i) % _ids.Length].Write(bytes.AsSpan(i * TransactionId.Length));
        return bytes;
    }

    public void Import(ReadOnlySpan<byte> ids)
    {
        for (; ids.Length >= TransactionId.Length; ids = ids[TransactionId.Length..])
            TryAdd(TransactionId.From(ids[..TransactionId.Length]));
    }
}
