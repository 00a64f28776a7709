using System.Text;
using Dapr.Voice.Ice;
using Dapr.Voice.Stun;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Targets;

internal static class StunTargets
{
    private static readonly byte[] Key = Encoding.UTF8.GetBytes(Conversation.ServerCredentials.Password);

    public static IEnumerable<FuzzTarget> All(WireCorpus wire)
    {
        yield return new ParserTarget<StunParseError>("StunMessage", 150_000, wire.Stun, ReadAll);
        yield return new IceTarget("IceAgent, lite", 40_000, wire.Stun, IceRole.Lite, isSigned: false);
        yield return new IceTarget("IceAgent, lite, peer with password", 40_000, wire.Stun, IceRole.Lite, isSigned: true);
        yield return new IceTarget("IceAgent, controlling", 20_000, wire.Stun, IceRole.Controlling, isSigned: false);
        yield return new IceTarget("IceAgent, controlling, with password", 30_000, wire.Stun, IceRole.Controlling, isSigned: true);
    }

    private static StunParseError ReadAll(Span<byte> input)
    {
        if (!StunMessage.TryParse(input, out StunMessage message, out StunParseError error)) return error;
        _ = message.Class;
        _ = message.Method;
        int bytes = StunHeaderBytes;
        foreach (StunAttribute attribute in message.Attributes) bytes += 4 + attribute.Value.Length;
        if (bytes > input.Length || message.TransactionId.Length != 12 || message.Username.Length > input.Length)
            throw new InvalidOperationException("Attributes are longer than their message.");
        _ = message.HasUseCandidate;
        message.TryGetPriority(out _);
        message.TryGetTieBreaker(StunAttributeType.IceControlling, out _);
        message.TryGetTieBreaker(StunAttributeType.IceControlled, out _);
        message.TryGetXorMappedAddress(out _);
        message.TryGetErrorCode(out _);
        _ = message.HasValidFingerprint();
        _ = message.VerifyMessageIntegrity(Key);
        return StunParseError.None;
    }

    private const int StunHeaderBytes = 20;

    /// <summary>Gives a damaged message a right MESSAGE-INTEGRITY and FINGERPRINT, if it still is a message.</summary>
    /// <returns>The new length; the old one if it is none.</returns>
    public static int Sign(Span<byte> message, int length, ReadOnlySpan<byte> key, Span<byte> scratch)
    {
        if (!StunMessage.TryParse(message[..length], out StunMessage parsed, out _) || length > 1900) return length;
        var writer = new StunMessageWriter(scratch, parsed.Class, parsed.Method, parsed.TransactionId);
        foreach (StunAttribute attribute in parsed.Attributes)
        {
            if (attribute.Type is not (StunAttributeType.MessageIntegrity or StunAttributeType.Fingerprint))
                writer.Add(attribute.Type, attribute.Value);
        }
        writer.AddMessageIntegrity(key);
        writer.AddFingerprint();
        scratch[..writer.Length].CopyTo(message);
        return writer.Length;
    }

    /// <summary>
    /// An agent that waits for its peer. Strangers cannot do anything to it. Who has the password may move its path (that is what checks
    /// are for), and a controlling one learns what it likes from answers, but memory stays bounded and nothing is thrown.
    /// </summary>
    private sealed class IceTarget(string name, int inputs, Corpus corpus, IceRole role, bool isSigned) : FuzzTarget(name, inputs)
    {
        private static readonly byte[] CallerKey = Encoding.UTF8.GetBytes(Conversation.CallerCredentials.Password);
        private readonly byte[] _scratch = new byte[2048], _out = new byte[1500];
        private readonly byte[] _ownTransaction = new byte[12];
        private Instant _now = Instant.FromMilliseconds(1_000_000);
        private IceAgent? _agent;
        private int _taken;

        public override int Batch => 1;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            int length = mutator.Mutate(corpus, buffer);
            if (!isSigned) return length;
            // An answer counts only for a transaction of ours.
            if (role == IceRole.Controlling && length >= 20 && !mutator.OneIn(4)) _ownTransaction.CopyTo(buffer[8..]);
            byte[] key = role == IceRole.Lite || (length > 0 && buffer[0] == 1) ? Key : CallerKey;
            return Sign(buffer, length, key, _scratch);
        }

        public override void Take(Span<byte> input)
        {
            // A check of ours can be answered once, so one that checks lives faster.
            _now += TimeSpan.FromMilliseconds(role == IceRole.Controlling && isSigned ? 50 : 1);
            if (_agent is null || _agent.HasEnded)
            {
                Gather();
                Begin();
            }
            TransportPath from = (_taken++ & 3) == 0 ? new TransportPath(_taken & 7, TransportAddress.FromIPv4((uint)_taken * 7, 5)) : Path;
            _agent!.Receive(input, from, _now);
            if (_agent.NextTimeout <= _now) _agent.HandleTimeout(_now);
            while (_agent.TryTransmit(_out, out int length, out _))
            {
                if (role != IceRole.Controlling || !StunMessage.TryParse(_out.AsSpan(0, length), out StunMessage sent, out _)
                    || sent.Class != StunClass.Request) continue;
                sent.TransactionId.CopyTo(_ownTransaction);
            }
            while (_agent.TryTakeEvent(out _)) { }
            if ((_taken & 63) == 0) Require(_agent.ExportState().Paths.Count <= IceAgent.MaximumPaths);
        }

        public override void Finish()
        {
            Gather();
            if (!isSigned) Require(_agent!.SelectedPath is null);
        }

        private void Gather()
        {
            if (_agent is null) return;
            IceStatistics statistics = _agent.Statistics;
            Accepted += statistics.ChecksReceived + statistics.ResponsesReceived + statistics.IndicationsReceived;
            foreach (IceDropReason reason in Enum.GetValues<IceDropReason>()) Refuse(reason.ToString(), statistics.Dropped(reason));
        }

        private TransportPath Path => role == IceRole.Lite ? Conversation.CallerPath : Conversation.ServerPath;

        private void Begin()
        {
            _agent = role == IceRole.Lite
                ? new IceAgent(role, Conversation.ServerCredentials, null, 1, Seeded.Random(1), _now)
                : new IceAgent(role, Conversation.CallerCredentials, Conversation.ServerCredentials, 7, Seeded.Random(7), _now);
            if (role == IceRole.Controlling) _agent.AddRemoteCandidate(Candidate.Host(Conversation.ServerAddress), 0);
        }
    }
}
