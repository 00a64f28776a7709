using System.Text;
using Dapr.Voice.Stun;

namespace Dapr.Voice.Tests.Unit.Stun;

/// <summary>Writes well-formed messages with random content.</summary>
internal ref struct RandomStunMessage(Span<byte> buffer, byte messageClass, ReadOnlySpan<byte> transactionId)
{
    private static readonly ushort[] Types = [0x0009, 0x0020, 0x0024, 0x0025, 0x8029, 0x802A, 0xC057, 0x000A, 0x7777];
    private StunMessageWriter _writer = new(buffer, (StunClass)messageClass, StunMethod.Binding, transactionId);

    public void AddRandom(Random random, string username)
    {
        _writer.Add(StunAttributeType.Username, Encoding.UTF8.GetBytes(username));
        for (int n = random.Next(6); n > 0; n--)
        {
            byte[] value = new byte[random.Next(24)];
            random.NextBytes(value);
            ushort type = Types[random.Next(random.Next(3) == 0 ? Types.Length : 7)];
            _writer.Add((StunAttributeType)type, value);
        }
    }

    public int Sign(ReadOnlySpan<byte> key)
    {
        _writer.AddMessageIntegrity(key);
        _writer.AddFingerprint();
        return _writer.Length;
    }
}
