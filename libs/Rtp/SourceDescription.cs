using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>
/// Enumerates the items of an SDES packet (RFC 3550, section 6.5). A chunk or item that runs over the end ends the enumeration.
/// </summary>
public ref struct SourceDescription
{
    private ReadOnlySpan<byte> _body;
    private int _chunksLeft;
    private int _offset;
    private uint _ssrc;
    private bool _isInChunk;

    internal SourceDescription(ReadOnlySpan<byte> body, int chunks)
    {
        _body = body;
        _chunksLeft = chunks;
    }

    public SdesItem Current { get; private set; }

    public readonly SourceDescription GetEnumerator() => this;

    public bool MoveNext()
    {
        while (true)
        {
            if (!_isInChunk)
            {
                if (_chunksLeft == 0 || _body.Length - _offset < 4) return false;
                _ssrc = BinaryPrimitives.ReadUInt32BigEndian(_body[_offset..]);
                _offset += 4;
                _chunksLeft--;
                _isInChunk = true;
            }

            if (_offset >= _body.Length) return false;
            var type = (SdesItemType)_body[_offset];
            if (type == SdesItemType.End)
            {
                // One or more null octets end the list and pad to the next word; chunks start on words.
                _offset = (_offset + 4) & ~3;
                _isInChunk = false;
                continue;
            }

            if (_body.Length - _offset < 2) return false;
            int length = _body[_offset + 1];
            if (_body.Length - _offset - 2 < length) return false;
            Current = new SdesItem(_ssrc, type, _body.Slice(_offset + 2, length));
            _offset += 2 + length;
            return true;
        }
    }
}
