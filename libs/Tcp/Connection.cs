using Dapr.Voice.Native;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tcp;

/// <summary>A connection slot of a <see cref="TcpFrameSocket"/>. It serves one connection after another.</summary>
internal sealed class Connection(FrameAssembler assembler, FrameQueue queue)
{
    public readonly FrameAssembler Assembler = assembler;
    public readonly FrameQueue Queue = queue;

    /// <summary>Null while the slot is free.</summary>
    public DescriptorHandle? Handle;
    public TransportAddress Remote;
    public uint Generation;

    /// <summary>The connection attempt has started and has not succeeded yet.</summary>
    public bool IsConnecting;

    /// <summary>The kernel accepts no more bytes now. EPOLLOUT is requested.</summary>
    public bool IsBlocked;

    /// <summary>The connection is in the list that the next flush writes.</summary>
    public bool IsDirty;

    /// <summary>The connection exchanges no more frames. It closes once its queue is empty, or at the deadline.</summary>
    public bool IsClosing;
    public TcpCloseReason CloseReason;

    /// <summary>The deadline of connecting or of closing.</summary>
    public Instant Deadline;

    public bool IsOpen => Handle is not null;
}
