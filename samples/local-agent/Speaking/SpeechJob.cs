using System.Threading.Channels;

namespace Dapr.Voice.LocalAgent.Speaking;

/// <summary>
/// One sentence to be spoken. Its samples (PCM16, mono, 24 kHz) are written to <see cref="Samples"/> as they are made. The channel is
/// completed at the end of the sentence.
/// </summary>
internal sealed record SpeechJob(string Sentence, ChannelWriter<short[]> Samples, CancellationToken Cancelled);
