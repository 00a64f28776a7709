using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

// Stream reset (RFC 6525). Each side resets its outgoing stream. A data channel is closed when both have done so.
public sealed partial class SctpAssociation
{
    private readonly List<ushort> _streamsToReset = [];
    private SctpAssociationState.ResetRequest? _ownReset;
    private SctpAssociationState.ResetRequest? _deferredReset;
    private uint _nextResetRequest;
    private uint _expectedResetRequest;
    private ReconfigurationResult _lastResetResult = ReconfigurationResult.NothingToDo;
    private uint _responseSequence;
    private ReconfigurationResult _responseResult;
    private Instant _resetTimer = Instant.Never;

    /// <summary>
    /// Resets our outgoing stream when everything that is queued on it has arrived. Nothing can be sent on it until the peer has answered.
    /// </summary>
    public void ResetStream(ushort streamId, Instant now)
    {
        if (Phase >= SctpPhase.ShutdownPending || IsResetting(streamId) || _streamsToReset.Count >= StreamTable.MaximumStreams) return;
        if (Phase == SctpPhase.Established && !_peerResetsStreams)
        {
            // RFC 8831, section 6.7 requires RE-CONFIG. Without it, a channel can only be removed locally.
            Raise(new SctpEvent(SctpEventKind.OutgoingStreamReset, streamId));
            return;
        }
        _streamsToReset.Add(streamId);
    }

    private bool IsResetting(ushort streamId)
        => _streamsToReset.Contains(streamId) || (_ownReset is not null && Array.IndexOf(_ownReset.Streams, streamId) >= 0);

    private void WriteReconfiguration(ref SpanWriter writer, Instant now)
    {
        if (writer.Free >= 16 && TakeDue(Due.ResetResponse))
        {
            WriteHeader(ref writer, ChunkType.ReConfig, 0, 12);
            writer.WriteUInt16(ParameterType.ReconfigurationResponse);
            writer.WriteUInt16(12);
            writer.WriteUInt32(_responseSequence);
            writer.WriteUInt32((uint)_responseResult);
        }
        if (_ownReset is null && _streamsToReset.Count > 0 && Phase == SctpPhase.Established) BeginOwnReset(now);
        if (_ownReset is not { } request || (_due & Due.ResetRequest) == Due.None) return;
        int bytes = 16 + 2 * request.Streams.Length;
        if (writer.Free < 4 + bytes + 2) return;
        _due &= ~Due.ResetRequest;
        WriteHeader(ref writer, ChunkType.ReConfig, 0, bytes);
        writer.WriteUInt16(ParameterType.OutgoingSsnReset);
        writer.WriteUInt16((ushort)bytes);
        writer.WriteUInt32(request.Sequence);
        writer.WriteUInt32(_expectedResetRequest - 1);
        writer.WriteUInt32(request.LastTsn);
        foreach (ushort streamId in request.Streams) writer.WriteUInt16(streamId);
        writer.WriteZeros(-bytes & 3);
    }

    private void BeginOwnReset(Instant now)
    {
        // The request is sent only when the stream has no outstanding data. So the peer never has to answer "in progress".
        Span<ushort> drained = stackalloc ushort[StreamTable.MaximumStreams];
        int count = 0;
        foreach (ushort streamId in _streamsToReset)
            if (!_outbound.HasStream(streamId)) drained[count++] = streamId;
        if (count == 0) return;
        foreach (ushort streamId in drained[..count]) _streamsToReset.Remove(streamId);
        _ownReset = new SctpAssociationState.ResetRequest
        {
            Sequence = _nextResetRequest++,
            LastTsn = _outbound.TsnAt(_outbound.FirstUnsent) - 1,
            Streams = drained[..count].ToArray(),
        };
        _due |= Due.ResetRequest;
        _resetTimer = now + _rto.Current;
    }

    private void OnResetTimeout(Instant now)
    {
        _resetTimer = Instant.Never;
        if (_ownReset is null) return;
        if (++_retransmissions > MaximumRetransmissions)
        {
            AbortWith(SctpCloseReason.PeerUnreachable, ErrorCause.UserInitiatedAbort);
            return;
        }
        _rto.BackOff();
        _due |= Due.ResetRequest;
        _resetTimer = now + _rto.Current;
    }

    private void OnReConfig(ReadOnlySpan<byte> value, Instant now)
    {
        if (Phase is not (SctpPhase.Established or SctpPhase.ShutdownPending or SctpPhase.ShutdownSent or SctpPhase.ShutdownReceived))
        {
            Drop(SctpDropReason.UnexpectedChunk);
            return;
        }
        ReadOnlySpan<byte> rest = value;
        while (InitChunk.TryReadParameter(ref rest, out ushort type, out ReadOnlySpan<byte> body))
        {
            switch (type)
            {
                case ParameterType.ReconfigurationResponse when body.Length >= 8:
                    OnResetResponse(BinaryPrimitives.ReadUInt32BigEndian(body),
                        (ReconfigurationResult)BinaryPrimitives.ReadUInt32BigEndian(body[4..]), now);
                    break;
                case ParameterType.OutgoingSsnReset when body.Length >= 12:
                    OnOutgoingReset(body);
                    break;
                case ParameterType.IncomingSsnReset when body.Length >= 4:
                    OnIncomingReset(body, now);
                    break;
                case ParameterType.SsnTsnReset or ParameterType.AddOutgoingStreams or ParameterType.AddIncomingStreams
                    when body.Length >= 4:
                    uint sequence = BinaryPrimitives.ReadUInt32BigEndian(body);
                    if (IsNewRequest(sequence)) Respond(sequence, ReconfigurationResult.Denied);
                    break;
                default:
                    Drop(SctpDropReason.MalformedChunk);
                    break;
            }
        }
    }

    private void OnOutgoingReset(ReadOnlySpan<byte> body)
    {
        //  | Request Sequence Number | Response Sequence Number | Sender's Last Assigned TSN | Stream 1 | Stream 2 | ...
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(body);
        if (!IsNewRequest(sequence)) return;
        ReadOnlySpan<byte> list = body[12..];
        int count = list.Length / 2;
        if (count > StreamTable.MaximumStreams || _events.Count + count > MaximumEvents)
        {
            Respond(sequence, ReconfigurationResult.Denied);
            return;
        }
        ushort[] streams = new ushort[count];
        for (int i = 0; i < count; i++) streams[i] = BinaryPrimitives.ReadUInt16BigEndian(list[(2 * i)..]);
        _deferredReset = new SctpAssociationState.ResetRequest
        {
            Sequence = sequence,
            LastTsn = BinaryPrimitives.ReadUInt32BigEndian(body[8..]),
            Streams = streams,
        };
        TryPerformDeferredReset();
    }

    /// <summary>
    /// Performs the peer's reset when everything that it sent before has arrived (RFC 6525, section 5.2.2). Until then the request gets no
    /// answer. SCTP implementations differ in what they do with the answer "in progress", but all of them repeat a request without an
    /// answer.
    /// </summary>
    private void TryPerformDeferredReset()
    {
        if (_deferredReset is not { } request || SerialNumber.IsNewer(request.LastTsn, _received.Cumulative)) return;
        _deferredReset = null;
        foreach (ushort streamId in request.Streams)
        {
            _streams.SetInbound(streamId, 0);
            _streams.Forget(streamId);
            _inbound.MarkKnown(streamId);
            Raise(new SctpEvent(SctpEventKind.IncomingStreamReset, streamId));
        }
        Respond(request.Sequence, ReconfigurationResult.Performed);
    }

    private void OnIncomingReset(ReadOnlySpan<byte> body, Instant now)
    {
        // The peer asks us to reset our outgoing stream (RFC 6525, section 4.2). We do so with a request of our own.
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(body);
        if (!IsNewRequest(sequence)) return;
        for (ReadOnlySpan<byte> list = body[4..]; list.Length >= 2; list = list[2..])
            ResetStream(BinaryPrimitives.ReadUInt16BigEndian(list), now);
        Respond(sequence, ReconfigurationResult.Performed);
    }

    private bool IsNewRequest(uint sequence)
    {
        if (sequence == _expectedResetRequest) return true;
        if (_adoptsResetRequest && SerialNumber.IsNewer(sequence, _expectedResetRequest))
        {
            // The previous owner answered some that we know nothing of.
            _adoptsResetRequest = false;
            return true;
        }
        (_responseSequence, _responseResult) = (
            sequence, sequence == _expectedResetRequest - 1 ? _lastResetResult : ReconfigurationResult.BadSequenceNumber);
        _due |= Due.ResetResponse;
        return false;
    }

    private void Respond(uint sequence, ReconfigurationResult result)
    {
        _expectedResetRequest = sequence + 1;
        (_responseSequence, _responseResult) = (sequence, _lastResetResult = result);
        _due |= Due.ResetResponse;
    }

    private void OnResetResponse(uint sequence, ReconfigurationResult result, Instant now)
    {
        if (_ownReset is not { } request || request.Sequence != sequence)
        {
            Drop(SctpDropReason.UnexpectedChunk);
            return;
        }
        _retransmissions = 0;
        if (result == ReconfigurationResult.InProgress)
        {
            _resetTimer = now + _rto.Current;
            return;
        }
        // After a success or a rejection we no longer use the stream. There is nothing else to try.
        _ownReset = null;
        _resetTimer = Instant.Never;
        _due &= ~Due.ResetRequest;
        foreach (ushort streamId in request.Streams)
        {
            if (result is ReconfigurationResult.Performed or ReconfigurationResult.NothingToDo)
            {
                _streams.SetOutbound(streamId, 0);
                _streams.Forget(streamId);
            }
            Raise(new SctpEvent(SctpEventKind.OutgoingStreamReset, streamId));
        }
    }
}
