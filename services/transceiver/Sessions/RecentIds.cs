using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Session ids that are not to be looked up for a while: those without a record, and those that have ended. Direct-mapped and
/// fixed in size: a collision forgets the older one, which costs one more look-up.
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

    // Session ids are random, so their low bits are too.
    private static int IndexOf(ulong id) => (int)(id % Entries);
}
