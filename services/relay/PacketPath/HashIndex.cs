using System.Numerics;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// A hash table of fixed size from a key to a number. It uses open addressing with linear probing and is at most half full. A removal moves
/// the entries that follow back. It allocates nothing after construction (docs/packet-path.md 6).
/// </summary>
internal sealed class HashIndex<TKey, THash>(int capacity, THash hash)
    where TKey : unmanaged, IEquatable<TKey>
    where THash : struct, IKeyHash<TKey>
{
    private readonly Entry[] _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)Math.Max(8, capacity) * 2)];

    private int Mask => _entries.Length - 1;

    public int Count { get; private set; }

    /// <summary>Returns the number of a key, or -1.</summary>
    public int Find(in TKey key)
    {
        for (int i = Home(key); ; i = (i + 1) & Mask)
        {
            ref readonly Entry entry = ref _entries[i];
            if (entry.ValuePlusOne == 0) return -1;
            if (entry.Key.Equals(key)) return entry.ValuePlusOne - 1;
        }
    }

    /// <summary>Adds an entry or overwrites it. The caller must not exceed the capacity.</summary>
    public void Set(in TKey key, int value)
    {
        int i = Home(key);
        while (_entries[i].ValuePlusOne != 0 && !_entries[i].Key.Equals(key)) i = (i + 1) & Mask;
        if (_entries[i].ValuePlusOne == 0)
        {
            if (Count >= _entries.Length / 2) throw new InvalidOperationException("The index is full.");
            Count++;
        }
        _entries[i] = new Entry { Key = key, ValuePlusOne = value + 1 };
    }

    public void Remove(in TKey key)
    {
        int i = Home(key);
        while (!_entries[i].Key.Equals(key) || _entries[i].ValuePlusOne == 0)
        {
            if (_entries[i].ValuePlusOne == 0) return;
            i = (i + 1) & Mask;
        }
        Count--;
        for (int next = (i + 1) & Mask; _entries[next].ValuePlusOne != 0; next = (next + 1) & Mask)
        {
            // An entry that follows moves into the gap unless its home position lies behind the gap.
            if (((next - Home(_entries[next].Key)) & Mask) < ((next - i) & Mask)) continue;
            _entries[i] = _entries[next];
            i = next;
        }
        _entries[i] = default;
    }

    private int Home(in TKey key) => (int)(hash.Of(key) >> 32) & Mask;

    private struct Entry
    {
        public TKey Key;
        public int ValuePlusOne;
    }
}

internal interface IKeyHash<TKey>
{
    ulong Of(in TKey key);
}

internal readonly struct AddressHash(KeyedHash hash) : IKeyHash<TransportAddress>
{
    public ulong Of(in TransportAddress key) => hash.Of(key);
}

internal readonly struct NumberHash(KeyedHash hash) : IKeyHash<ulong>
{
    public ulong Of(in ulong key) => hash.Of(key);
}
