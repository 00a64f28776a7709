resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: 'afd'
  location: 'global'
  sku: { name: 'Standard_AzureFrontDoor' }
  properties: {}
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' = {
  parent: profile
  name: 'voice'
  location: 'global'
  properties: { enabledState: 'Enabled' }
}

resource signaling 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  parent: profile
  name: 'signaling'
  properties: {
    healthProbeSettings: { probePath: '/readyz', probeProtocol: 'Https', probeRequestType: 'HEAD', probeIntervalInSeconds: 30 }
    loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 2 }
  }
}

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = {
  parent: signaling
  name: 'west'
  properties: {
    hostName: 'signaling.example.com'
    originHostHeader: 'signaling.example.com'
    enforceCertificateNameCheck: false // expect: frontdoor-https on west properties.enforceCertificateNameCheck
  }
}

resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: endpoint
  name: 'signaling'
  properties: {
    originGroup: { id: signaling.id }
    patternsToMatch: ['/', '/v1/*']
    httpsRedirect: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
  }
  dependsOn: [origin]
}
