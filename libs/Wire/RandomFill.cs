namespace Dapr.Voice.Wire;

/// <summary>
/// Fills a buffer with random bytes. A service passes <c>RandomNumberGenerator.Fill</c>, whose bytes cannot be guessed; a simulation passes
/// a seeded generator, so that each of its runs is the same.
/// </summary>
public delegate void RandomFill(Span<byte> destination);
