metadata description = 'Images that the home region\'s apps run now. A pipeline on a fresh machine does not know what was published last, and must not put placeholders over what runs.'

@description('The app `signaling` exists.')
param signalingExists bool

@description('The app `relay` exists.')
param relayExists bool

@description('The app `transceiver-00` exists.')
param transceiverExists bool

@description('The app `local-agent` exists.')
param localAgentExists bool

resource signaling 'Microsoft.App/containerApps@2026-01-01' existing = if (signalingExists) {
  name: 'signaling'
}

resource relay 'Microsoft.App/containerApps@2026-01-01' existing = if (relayExists) {
  name: 'relay'
}

resource transceiver 'Microsoft.App/containerApps@2026-01-01' existing = if (transceiverExists) {
  name: 'transceiver-00'
}

resource localAgent 'Microsoft.App/containerApps@2026-01-01' existing = if (localAgentExists) {
  name: 'local-agent'
}

@description('Image that signaling runs; empty: there is no such app.')
output signaling string = signalingExists ? signaling!.properties.template.containers[0].image : ''

@description('Image that the relay runs; empty: there is no such app.')
output relay string = relayExists ? relay!.properties.template.containers[0].image : ''

@description('Image that the first shard runs; empty: there is no such app.')
output transceiver string = transceiverExists ? transceiver!.properties.template.containers[0].image : ''

@description('Image that the sample agent runs; empty: there is no such app.')
output localAgent string = localAgentExists ? localAgent!.properties.template.containers[0].image : ''
