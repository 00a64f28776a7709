using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// The session ids that are not looked up again for a while: ids without a record, and ids of ended sessions. The table is direct-mapped
/// and fixed in size. A collision replaces the older id, which costs one more look-up.
/// </summary>
internal sealed class RecentIds
{
    private const int Entries = 1024;

    private readonly ulong[] _ids = new ulong[Entries];
    private readonly Instant[] _until = new Instant[Entries];

    public void Add(ulong id, Instant until)
    {
        int at = IndexOf(id);
        _ids[at] = id;
        _until[at] = until;
    }

    public bool Contains(ulong id, Instant now)
    {
        int at = IndexOf(id);
        return _ids[at] == id && now < _until[at];
    }

    // Session ids are random, so their low bits are random, too.
    private static int IndexOf(ulong id) => (int)(id % Entries);
}
