using Dapr.Voice.Native;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tcp;

/// <summary>A place of a <see cref="TcpFrameSocket"/>; used again for one connection after another.</summary>
internal sealed class Connection(FrameAssembler assembler, FrameQueue queue)
{
    public readonly FrameAssembler Assembler = assembler;
    public readonly FrameQueue Queue = queue;

    /// <summary>Null while the place is free.</summary>
    public DescriptorHandle? Handle;
    public TransportAddress Remote;
    public uint Generation;

    /// <summary>Between the attempt to connect and its success.</summary>
    public bool IsConnecting;

    /// <summary>The kernel takes no more for now; EPOLLOUT is asked for.</summary>
    public bool IsBlocked;

    /// <summary>In the list of those to be written at the next flush.</summary>
    public bool IsDirty;

    /// <summary>Takes and gives nothing any more, and ends once its queue is empty or the deadline is there.</summary>
    public bool IsClosing;
    public TcpCloseReason CloseReason;

    /// <summary>Of connecting and of closing.</summary>
    public Instant Deadline;

    public bool IsOpen => Handle is not null;
}
