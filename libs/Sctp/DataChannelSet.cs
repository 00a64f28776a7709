using System.Text;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

/// <summary>
/// The data channels of one association (RFC 8831) and the protocol that opens them (DCEP, RFC 8832). It takes the association's events and
/// messages. Its owner feeds packets to the association, drains this set, and then lets the association transmit.
/// </summary>
public sealed class DataChannelSet
{
    /// <summary>The maximum number of open channels. A voice client has one. The others are for applications that add their own.</summary>
    public const int MaximumChannels = 16;

    private readonly SctpAssociation _association;
    private readonly bool _isDtlsClient;
    private readonly List<DataChannel> _channels = [];
    private readonly PendingMessages _pending = new();
    private readonly Queue<DataChannelEvent> _events = [];

    /// <param name="isDtlsClient">The DTLS client opens channels with even ids, the server with odd ids (RFC 8832, section 6).</param>
    public DataChannelSet(SctpAssociation association, bool isDtlsClient)
    {
        _association = association;
        _isDtlsClient = isDtlsClient;
    }

    public IReadOnlyList<DataChannel> Channels => _channels;

    /// <summary>
    /// The number of rejected channels: too many channels, an id that is in use, names that are too long, malformed messages.
    /// </summary>
    public long RefusedOpenings { get; private set; }

    /// <summary>The number of messages that had no open channel, or an unknown payload protocol.</summary>
    public long StrayMessages { get; private set; }

    /// <summary>Bytes that wait here because the association's send queue is full.</summary>
    public int PendingBytes => _pending.Bytes;

    /// <summary>
    /// Opens a channel. Messages may be sent on it at once. Returns null if there are already <see cref="MaximumChannels"/> channels, or if
    /// the opening can't be sent.
    /// </summary>
    /// <param name="label">At most 256 bytes of UTF-8.</param>
    public DataChannel? Open(string label, DataChannelReliability reliability, Instant now, string protocol = "")
    {
        if (Encoding.UTF8.GetByteCount(label) > DataChannelOpen.MaximumNameBytes
            || Encoding.UTF8.GetByteCount(protocol) > DataChannelOpen.MaximumNameBytes)
            throw new ArgumentException("A label and a protocol have at most 256 bytes each.", nameof(label));
        if (_channels.Count >= MaximumChannels) return null;
        ushort id = (ushort)(_isDtlsClient ? 0 : 1);
        while (Find(id) is not null) id += 2;
        var channel = new DataChannel(id, label, protocol, reliability);
        Span<byte> message = stackalloc byte[DataChannelOpen.MaximumBytes];
        int length = new DataChannelOpen(reliability, 0, label, protocol).Write(message);
        if (SendOrKeep(channel, PayloadProtocolId.Dcep, message[..length], now) != SctpSendResult.Queued) return null;
        _channels.Add(channel);
        return channel;
    }

    public DataChannel? Find(ushort id)
    {
        foreach (DataChannel channel in _channels)
            if (channel.Id == id) return channel;
        return null;
    }

    /// <param name="payload">UTF-8 if <paramref name="isText"/> is true. May be empty.</param>
    public SctpSendResult Send(DataChannel channel, ReadOnlySpan<byte> payload, bool isText, Instant now)
    {
        if (channel.Phase is DataChannelPhase.Closing or DataChannelPhase.Closed) return SctpSendResult.Closed;
        // SCTP has no empty messages. One zero byte stands for an empty message (RFC 8831, section 6.6).
        if (payload.IsEmpty) return SendOrKeep(channel, isText ? PayloadProtocolId.EmptyText : PayloadProtocolId.EmptyBinary, [0], now);
        return SendOrKeep(channel, isText ? PayloadProtocolId.Text : PayloadProtocolId.Binary, payload, now);
    }

    /// <summary>
    /// Resets our stream when everything that was sent has arrived. The peer answers by resetting its own stream (RFC 8831, section 6.7).
    /// </summary>
    public void Close(DataChannel channel, Instant now)
    {
        if (channel.Phase is DataChannelPhase.Closing or DataChannelPhase.Closed) return;
        channel.Phase = DataChannelPhase.Closing;
        Advance(now);
    }

    /// <summary>True if a message waits for <see cref="TryReceive"/>, which may be one that this set answers itself.</summary>
    public bool HasMessage => _association.HasMessage;

    public bool TryTakeEvent(out DataChannelEvent occurred, Instant now)
    {
        if (_events.Count == 0) Advance(now);
        return _events.TryDequeue(out occurred);
    }

    /// <summary>
    /// Returns the next message of any channel. It also answers DATA_CHANNEL_OPEN messages that it meets. A message may be returned before
    /// the event of its channel was taken.
    /// </summary>
    public bool TryReceive(out DataChannelMessage message, Instant now)
    {
        Advance(now);
        while (_association.TryReceive(out SctpMessage received))
        {
            if (received.PayloadProtocolId == PayloadProtocolId.Dcep)
            {
                OnControlMessage(received.StreamId, received.Payload, now);
                continue;
            }
            if (!TryReadKind(received.PayloadProtocolId, out bool isText, out bool isEmpty)
                || (Find(received.StreamId) ?? AddNegotiated(received.StreamId)) is not { IsIncomingReset: false } channel)
            {
                StrayMessages++;
                continue;
            }
            // Data shows that the peer has received the DATA_CHANNEL_OPEN, just like an answer to it.
            MarkOpen(channel);
            message = new DataChannelMessage(channel, isText, isEmpty ? default : received.Payload);
            return true;
        }
        message = default;
        return false;
    }

    public DataChannelSetState ExportState() => new()
    {
        IsDtlsClient = _isDtlsClient,
        Channels = [.. _channels.Select(c => new DataChannelSetState.ChannelState
        {
            Id = c.Id,
            Label = c.Label,
            Protocol = c.Protocol,
            IsOrdered = c.Reliability.IsOrdered,
            MaxRetransmits = c.Reliability.MaxRetransmits,
            MaxLifetime = c.Reliability.MaxLifetime,
            Phase = c.Phase,
            IsOutgoingReset = c.IsOutgoingReset,
            IsIncomingReset = c.IsIncomingReset,
        })],
        Pending = _pending.Export(),
    };

    /// <summary>Exports the channels without the messages that wait: a successor can't know which of them were sent since.</summary>
    public DataChannelSetState ExportCheckpoint()
    {
        DataChannelSetState state = ExportState();
        state.Pending = [];
        foreach (DataChannelSetState.ChannelState channel in state.Channels)
            channel.IsAnswerUncertain = channel.Phase == DataChannelPhase.Open && _association.HasUnacknowledged(channel.Id);
        return state;
    }

    /// <summary>
    /// Continues with an exported state. Events that were not taken before the export are not repeated, so take them first.
    /// </summary>
    public static DataChannelSet Import(DataChannelSetState state, SctpAssociation association)
    {
        var set = new DataChannelSet(association, state.IsDtlsClient);
        foreach (DataChannelSetState.ChannelState c in state.Channels)
        {
            set._channels.Add(
                new DataChannel(c.Id, c.Label, c.Protocol, new DataChannelReliability(c.IsOrdered, c.MaxRetransmits, c.MaxLifetime))
            {
                Phase = c.Phase,
                IsOutgoingReset = c.IsOutgoingReset,
                IsIncomingReset = c.IsIncomingReset,
            });
        }
        foreach (DataChannelSetState.PendingState p in state.Pending)
            if (set.Find(p.ChannelId) is { } channel) set._pending.TryAdd(channel, p.PayloadProtocolId, p.Payload);
        foreach (DataChannelSetState.ChannelState c in state.Channels)
            if (c.IsAnswerUncertain) set._pending.TryAdd(set.Find(c.Id)!, PayloadProtocolId.Dcep, [DataChannelOpen.AckMessageType]);
        return set;
    }

    /// <summary>Processes the association's events and passes waiting messages to it.</summary>
    private void Advance(Instant now)
    {
        while (_association.TryTakeEvent(out SctpEvent occurred)) OnAssociationEvent(occurred);
        while (_pending.TryPeek(out PendingMessages.Entry entry))
        {
            if (SendNow(entry.Channel, entry.PayloadProtocolId, entry.Payload, now) == SctpSendResult.WouldBlock) break;
            _pending.Remove();
        }
        // A reset waits until no message of the channel waits here. The association then waits for the messages in its own queue.
        foreach (DataChannel channel in _channels)
            if (channel is { Phase: DataChannelPhase.Closing, IsOutgoingReset: false } && _pending.Count == 0)
                _association.ResetStream(channel.Id, now);
    }

    private void OnAssociationEvent(SctpEvent occurred)
    {
        switch (occurred.Kind)
        {
            case SctpEventKind.Connected:
                _events.Enqueue(new DataChannelEvent(DataChannelEventKind.Connected));
                break;
            case SctpEventKind.Restarted:
                _events.Enqueue(new DataChannelEvent(DataChannelEventKind.Restarted));
                break;
            case SctpEventKind.IncomingStreamReset when Find(occurred.StreamId) is { } channel:
                channel.IsIncomingReset = true;
                if (channel.Phase != DataChannelPhase.Closing)
                {
                    channel.Phase = DataChannelPhase.Closing;
                    _events.Enqueue(new DataChannelEvent(DataChannelEventKind.ChannelClosing, channel));
                }
                RemoveIfReset(channel);
                break;
            case SctpEventKind.OutgoingStreamReset when Find(occurred.StreamId) is { } channel:
                channel.IsOutgoingReset = true;
                RemoveIfReset(channel);
                break;
            case SctpEventKind.Closed:
                foreach (DataChannel channel in _channels) channel.Phase = DataChannelPhase.Closed;
                _channels.Clear();
                _pending.Clear();
                _events.Enqueue(new DataChannelEvent(DataChannelEventKind.AssociationClosed, null, occurred.Reason));
                break;
        }
    }

    private void RemoveIfReset(DataChannel channel)
    {
        if (!channel.IsIncomingReset || !channel.IsOutgoingReset) return;
        channel.Phase = DataChannelPhase.Closed;
        _channels.Remove(channel);
        _events.Enqueue(new DataChannelEvent(DataChannelEventKind.ChannelClosed, channel));
    }

    private void OnControlMessage(ushort streamId, ReadOnlySpan<byte> payload, Instant now)
    {
        DataChannel? existing = Find(streamId);
        if (payload is [DataChannelOpen.AckMessageType, ..])
        {
            if (existing is not null) MarkOpen(existing);
            else StrayMessages++;
            return;
        }
        // RFC 8832, section 6 divides the ids by DTLS role. Some stacks divide them by ICE role, and some always take 0. An id that is free
        // is no conflict.
        if (existing is not null || _channels.Count >= MaximumChannels || !DataChannelOpen.TryParse(payload, out DataChannelOpen open))
        {
            // RFC 8832, section 6: an opening is rejected by a reset of the stream. A channel that is already open stays as it is.
            RefusedOpenings++;
            if (existing is null) _association.ResetStream(streamId, now);
            return;
        }
        var channel = new DataChannel(streamId, open.Label, open.Protocol, open.Reliability);
        _channels.Add(channel);
        SendOrKeep(channel, PayloadProtocolId.Dcep, [DataChannelOpen.AckMessageType], now);
        MarkOpen(channel);
    }

    /// <summary>
    /// Adds the channel of a message that no DATA_CHANNEL_OPEN came before. The peer believes that both sides agreed on it elsewhere (RFC
    /// 8831, section 6.5). Its label and reliability are not known.
    /// </summary>
    private DataChannel? AddNegotiated(ushort streamId)
    {
        if (_channels.Count >= MaximumChannels) return null;
        var channel = new DataChannel(streamId, "", "", DataChannelReliability.Full);
        _channels.Add(channel);
        return channel;
    }

    private void MarkOpen(DataChannel channel)
    {
        if (channel.Phase != DataChannelPhase.Opening) return;
        channel.Phase = DataChannelPhase.Open;
        _events.Enqueue(new DataChannelEvent(DataChannelEventKind.ChannelOpened, channel));
    }

    private SctpSendResult SendOrKeep(DataChannel channel, uint payloadProtocolId, ReadOnlySpan<byte> payload, Instant now)
    {
        if (_pending.Count > 0) Advance(now);
        // The order is kept across channels, too: no message overtakes one that waits.
        SctpSendResult result = _pending.Count > 0 ? SctpSendResult.WouldBlock : SendNow(channel, payloadProtocolId, payload, now);
        if (result != SctpSendResult.WouldBlock) return result;
        if (payload.Length > _association.MaximumSendMessageBytes) return SctpSendResult.TooLarge;
        return _pending.TryAdd(channel, payloadProtocolId, payload) ? SctpSendResult.Queued : SctpSendResult.WouldBlock;
    }

    private SctpSendResult SendNow(DataChannel channel, uint payloadProtocolId, ReadOnlySpan<byte> payload, Instant now)
    {
        // DCEP messages are always sent reliably and in order (RFC 8832, section 6).
        if (payloadProtocolId == PayloadProtocolId.Dcep)
            return _association.Send(channel.Id, payloadProtocolId, payload, unordered: false, null, now);
        DataChannelReliability reliability = channel.Reliability;
        return _association.Send(channel.Id, payloadProtocolId, payload, channel.IsUnordered, reliability.MaxRetransmits, now,
            reliability.MaxLifetime);
    }

    private static bool TryReadKind(uint payloadProtocolId, out bool isText, out bool isEmpty)
    {
        isText = payloadProtocolId is PayloadProtocolId.Text or PayloadProtocolId.EmptyText;
        isEmpty = payloadProtocolId is PayloadProtocolId.EmptyText or PayloadProtocolId.EmptyBinary;
        return isText || isEmpty || payloadProtocolId == PayloadProtocolId.Binary;
    }
}
