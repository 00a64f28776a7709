using Dapr.Voice.Wire;

namespace Dapr.Voice.Steering;

/// <summary>
/// Asks which process listens at a link endpoint: a HELLO whose WELCOME is only read. No link comes from it, and it takes no place from a
/// relay. One question each; every copy of it may be answered. One thread owns it.
/// </summary>
public sealed class LinkInquiry
{
    /// <summary>The id in the HELLO. Relays' ids end in a dot and a number (<see cref="LinkRelayId"/>), so none has this one.</summary>
    internal static ReadOnlySpan<byte> Id => "inquiry"u8;

    /// <summary>The length of the question in bytes.</summary>
    public const int QuestionLength = LinkFrame.HeaderLengthIPv4 + LinkHello.PaddedLength;

    private readonly LinkKey _key;
    private readonly LinkNonce _nonce;

    /// <param name="random">Makes the nonce, which nobody may be able to guess.</param>
    public LinkInquiry(LinkKey key, RandomFill random)
    {
        _key = key;
        _nonce = LinkNonce.Create(random);
    }

    /// <param name="destination">At least <see cref="QuestionLength"/> bytes.</param>
    /// <returns>The number of bytes.</returns>
    public int Write(Span<byte> destination)
    {
        Span<byte> payload = stackalloc byte[LinkHello.PaddedLength];
        int length = new LinkHello(_nonce, 0, Id).Write(payload, _key);
        return LinkFrame.WriteControl(destination, LinkFrameKind.Hello, 0, payload[..length]);
    }

    /// <summary>Reads an answer. False for anything but a WELCOME to this question, made with the same key.</summary>
    /// <param name="incarnation">Identifies the process that answered.</param>
    public bool TryRead(Span<byte> datagram, out ulong incarnation)
    {
        incarnation = 0;
        if (!LinkFrame.TryRead(datagram, out LinkFrame frame, out _) || frame.Kind != LinkFrameKind.Welcome
            || !LinkWelcome.TryRead(frame.Payload, _key, out LinkWelcome welcome) || welcome.RelayNonce != _nonce) return false;
        incarnation = welcome.Incarnation;
        return true;
    }
}
