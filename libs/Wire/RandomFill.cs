namespace Dapr.Voice.Wire;

/// <summary>
/// Fills a buffer with random bytes. A service passes <c>RandomNumberGenerator.Fill</c>, whose bytes can't be guessed. A simulation passes
/// a seeded generator, so that each run is the same.
/// </summary>
public delegate void RandomFill(Span<byte> destination);
