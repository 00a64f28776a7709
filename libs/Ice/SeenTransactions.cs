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
}
